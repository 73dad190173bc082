# A staging environment with the behaviour of production, to test changes first.

provider "aws" {
  region = "eu-west-1"
}

locals {
  name = "shop-staging-certificates"

  tags = {
    Environment = "staging"
    Service     = "shop"
  }
}

module "certificate_lifecycle" {
  # In your repository: source = "git::https://git.example.com/platform/terraform-aws-certificate-lifecycle.git?ref=v0.1.0"
  source = "../../"

  name_prefix = local.name

  # The wildcard covers the preview environments, but not its own base name.
  certificates = {
    main = {
      domain_name               = "*.staging.shop.example.com"
      subject_alternative_names = ["staging.shop.example.com"]

      # Tests the key algorithm before production uses it.
      key_algorithm = "EC_prime256v1"
    }
  }

  # Successors as in production, but consumers are moved manually: the message contains the commands.
  rotation_mode             = "replace"
  schedule_expression       = "cron(0 6 ? * MON-FRI *)"
  expiration_threshold_days = 21

  monitoring = { max_silence_days = 7 }
  thresholds = { critical_days = 5 }
  function   = { log_retention_days = 90 }

  notifications = {
    email_addresses = {
      shop_developers = "shop-developers@example.com"
      shop_testers    = "shop-testers@example.com"
    }
  }

  tags = local.tags
}
