# One instance for three accounts: it may repair and replace in one, and only reads in the others.

provider "aws" {
  region = "eu-west-1"
}

module "certificates" {
  # In your repository: source = "git::https://git.example.com/terraform-aws-certificate-lifecycle.git?ref=v0.1.0"
  source = "../../"

  name_prefix = "accounts-certificates"
  regions     = ["eu-west-1", "us-east-1"]

  rebind_consumers = true

  # Actions in an account need the permission of both sides: its role and these settings.
  accounts = [
    {
      account_id              = "210987654321"
      external_id             = "shop-certificates"
      rebind_consumers        = true
      role_name               = "certificate-lifecycle-member"
      rotation_mode           = "replace"
      scope                   = { include = { domains = ["payments.example.com"] } }
      unmanaged_rotation_mode = "replace"
    },
    {
      account_id  = "345678901234"
      external_id = "shop-certificates"
      role_name   = "certificate-lifecycle-member"
    },
  ]

  notifications = {
    email_addresses = {
      shop_operations = "shop-operations@example.com"
    }
  }

  tags = {
    Environment = "prod"
    Service     = "shop"
  }
}
