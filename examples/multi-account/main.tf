# One function for three accounts. The role in one account allows repairs and replacements, the role in the other only reading.

provider "aws" {
  region = "eu-west-1"
}

locals {
  name = "shop-accounts-certificates"

  tags = {
    Environment = "prod"
    Service     = "shop"
  }
}

module "certificate_lifecycle" {
  # In your repository: source = "git::https://git.example.com/platform/terraform-aws-certificate-lifecycle.git?ref=v0.1.0"
  source = "../../"

  name_prefix = local.name
  domain_name = "shop.example.com"
  regions     = ["eu-west-1", "us-east-1"]

  rebind_consumers = true

  # Actions in an account need the permission of both sides: its role and these settings.
  accounts = [
    {
      account_id       = "210987654321"
      external_id      = "shop-certificates"
      rebind_consumers = true
      role_name        = "certificate-lifecycle-member"
      rotation_mode    = "replace"
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

  tags = local.tags
}
