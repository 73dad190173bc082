# A development environment: no alarms, and certificates are only monitored.

provider "aws" {
  region = "eu-west-1"
}

locals {
  name = "shop-dev-certificates"

  tags = {
    Environment = "dev"
    Service     = "shop"
  }
}

module "certificate_lifecycle" {
  # In your repository: source = "git::https://git.example.com/platform/terraform-aws-certificate-lifecycle.git?ref=v0.1.0"
  source = "../../"

  name_prefix = local.name
  domain_name = "dev.shop.example.com"

  # Only report: developers change certificates and DNS records here.
  rotation_mode       = "notify"
  schedule_expression = "cron(0 7 ? * MON *)"

  # Users of the environment notice failures, and old logs are not needed.
  monitoring = { alarms = false }
  function   = { log_retention_days = 14 }

  notifications = {
    email_addresses = {
      shop_developers = "shop-developers@example.com"
    }
  }

  tags = local.tags
}
