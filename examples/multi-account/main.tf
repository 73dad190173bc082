# Three accounts and one function: a role in each of the others lets it in, one to read, one to mend and replace.

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
  # Elsewhere: source = "git::https://git.example.com/platform/terraform-aws-certificate-lifecycle.git?ref=v0.1.0"
  source = "../../"

  name_prefix = local.name
  domain_name = "shop.example.com"
  regions     = ["eu-west-1", "us-east-1"]

  rebind_consumers = true

  # What is done in an account is what both sides allow: its role, and these lines.
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
    email_addresses = ["shop-operations@example.com"]
  }

  tags = local.tags
}
