# A staging environment: it behaves as production will, so that a change shows its effect here first.

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
  # Elsewhere: source = "git::https://git.example.com/platform/terraform-aws-certificate-lifecycle.git?ref=v0.1.0"
  source = "../../"

  name_prefix = local.name

  # Preview environments come and go below one wildcard, which does not cover its own base name.
  domain_name               = "*.staging.shop.example.com"
  subject_alternative_names = ["staging.shop.example.com"]

  # Production's next key algorithm is tried here first.
  key_algorithm = "EC_prime256v1"

  # Successors as in production, but people move the consumers: the message has the commands.
  rotation_mode             = "replace"
  schedule_expression       = "cron(0 6 ? * MON-FRI *)"
  max_silence_days          = 7
  expiration_threshold_days = 21
  critical_threshold_days   = 5

  log_retention_days = 90

  notifications = {
    email_addresses = ["shop-developers@example.com", "shop-testers@example.com"]
  }

  tags = local.tags
}
