# Three accounts and one function: a role in each of the others lets it in, one to read, one to mend and replace.

provider "aws" {
  region = "eu-west-1"
}

# Elsewhere each of these lives in the stack of its own account; `rotation_role_arn` is an output of the module.
provider "aws" {
  alias  = "payments"
  region = "eu-west-1"

  assume_role {
    role_arn = "arn:aws:iam::210987654321:role/deployment"
  }
}

provider "aws" {
  alias  = "search"
  region = "eu-west-1"

  assume_role {
    role_arn = "arn:aws:iam::345678901234:role/deployment"
  }
}

locals {
  name    = "shop-accounts-certificates"
  regions = ["eu-west-1", "us-east-1"]

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
  regions     = local.regions

  rebind_consumers = true

  # What is done in an account is what both sides allow: the role, and these lines.
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

module "payments" {
  source = "../../modules/member-account"

  providers = {
    aws = aws.payments
  }

  external_id       = "shop-certificates"
  rebind_consumers  = true
  regions           = local.regions
  rotation_mode     = "replace"
  rotation_role_arn = module.certificate_lifecycle.rotation_role_arn
  tags              = local.tags
}

module "search" {
  source = "../../modules/member-account"

  providers = {
    aws = aws.search
  }

  external_id       = "shop-certificates"
  regions           = local.regions
  rotation_role_arn = module.certificate_lifecycle.rotation_role_arn
  tags              = local.tags
}
