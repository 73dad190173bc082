# One function for every region that has certificates, the one of CloudFront among them.

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
  # Elsewhere: source = "git::https://git.example.com/platform/terraform-aws-certificate-lifecycle.git?ref=v0.1.0"
  source = "../../"

  name_prefix = local.name
  domain_name = "shop.example.com"

  # Certificates of CloudFront, of edge-optimised API Gateway domains and of Cognito live in us-east-1, whatever uses them.
  regions = ["ap-southeast-2", "eu-west-1", "us-east-1"]

  rebind_consumers = true

  notifications = {
    email_addresses = ["shop-operations@example.com"]
  }

  tags = local.tags
}
