# One function for several regions, including us-east-1 for CloudFront.

provider "aws" {
  region = "eu-west-1"
}

locals {
  name = "shop-regions-certificates"

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

  # CloudFront, edge-optimised API Gateway domain names and Cognito use certificates of us-east-1.
  regions = ["ap-southeast-2", "eu-west-1", "us-east-1"]

  rebind_consumers = true

  notifications = {
    email_addresses = {
      shop_operations = "shop-operations@example.com"
    }
  }

  tags = local.tags
}
