# Every account of an organization, looked at side by side by the same function, and told of once.

provider "aws" {
  region = "eu-west-1"
}

locals {
  name = "platform-certificates"

  tags = {
    Environment = "prod"
    Service     = "platform"
  }
}

module "certificate_lifecycle" {
  # Elsewhere: source = "git::https://git.example.com/platform/terraform-aws-certificate-lifecycle.git?ref=v0.1.0"
  source = "../../"

  name_prefix = local.name
  domain_name = "platform.example.com"
  regions     = ["eu-west-1", "us-east-1"]

  # In the organization's management account, or in a delegated administrator's.
  organization = {
    organization_id = "o-a1b2c3d4e5"
    role_name       = "certificate-lifecycle-member"
    external_id     = "platform-certificates"
    rotation_mode   = "repair"

    # Accounts that other people look after.
    excluded_account_ids = ["345678901234"]
  }

  schedule_expression = "cron(0 5 * * ? *)"

  notifications = {
    email_addresses = ["platform-operations@example.com"]
  }

  tags = local.tags
}
