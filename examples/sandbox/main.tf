# The smallest stack, which `make demo` applies to an AWS emulator on your machine.
# The provider reads its endpoint and credentials from the environment, so the stack also works in a real account.

provider "aws" {
  region = "eu-west-1"
}

module "certificate_lifecycle" {
  source = "../../"

  domain_name = "shop.example.com"

  function = { log_retention_days = 7 }

  notifications = {
    email_addresses = {
      team = "team@example.com"
    }
  }

  tags = {
    Environment = "sandbox"
  }
}
