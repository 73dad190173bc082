# The smallest stack that shows everything: `make demo` applies it to an AWS that runs on this machine.
# The provider takes its endpoint and keys from the environment (AWS_ENDPOINT_URL and the usual ones), so nothing here differs from a stack for a real account.

provider "aws" {
  region = "eu-west-1"
}

module "certificate_lifecycle" {
  source = "../../"

  domain_name        = "shop.example.com"
  log_retention_days = 7

  notifications = {
    email_addresses = ["team@example.com"]
  }

  tags = {
    Environment = "sandbox"
  }
}
