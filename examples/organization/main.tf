# Checks all accounts of an organization in parallel and sends one message.

provider "aws" {
  region = "eu-west-1"
}

module "certificates" {
  # In your repository: source = "git::https://git.example.com/terraform-aws-certificate-lifecycle.git?ref=v0.1.0"
  source = "../../"

  name_prefix = "platform-certificates"
  regions     = ["eu-west-1", "us-east-1"]

  # Deploy in the organization's management account or a delegated administrator account.
  organization = {
    organization_id = "o-a1b2c3d4e5"
    role_name       = "certificate-lifecycle-member"
    external_id     = "platform-certificates"

    # Repairs the certificates of all accounts, whichever tool requested them.
    rotation_mode           = "repair"
    unmanaged_rotation_mode = "repair"

    # An account with an instance of its own.
    excluded_account_ids = ["345678901234"]
  }

  schedule_expression = "cron(0 5 * * ? *)"

  notifications = {
    email_addresses = {
      platform_operations = "platform-operations@example.com"
    }
  }

  tags = {
    Environment = "prod"
    Service     = "platform"
  }
}
