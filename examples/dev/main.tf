# A development environment: nobody is woken, and certificates are only looked at.

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
  # Elsewhere: source = "git::https://git.example.com/platform/terraform-aws-certificate-lifecycle.git?ref=v0.1.0"
  source = "../../"

  name_prefix = local.name
  domain_name = "dev.shop.example.com"
  include_www = false

  # Developers make and break things here: tell, but mend nothing behind their backs.
  rotation_mode       = "notify"
  schedule_expression = "cron(0 7 ? * MON *)"

  # A failure is found by whoever needs the environment, and the logs are of no use after a sprint.
  alarms             = false
  log_retention_days = 14

  notifications = {
    email_addresses = ["shop-developers@example.com"]
  }

  tags = local.tags
}
