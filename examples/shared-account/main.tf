# Two teams and a platform team in one account. Each module block belongs to the stack of its team.

provider "aws" {
  region = "eu-west-1"
}

# Reports and changes only certificates whose names are all equal to or below payments.example.com.
module "payments_certificates" {
  # In your repository: source = "git::https://git.example.com/terraform-aws-certificate-lifecycle.git?ref=v0.1.0"
  source = "../../"

  name_prefix = "payments-certificates"
  domain_name = "payments.example.com"

  scope = {
    include = { domains = ["payments.example.com"] }
  }

  # Also repairs the team's certificates that another tool requested.
  unmanaged_rotation_mode = "repair"

  notifications = {
    email_addresses = {
      payments = "payments@example.com"
    }
  }

  tags = { Team = "payments" }
}

module "search_certificates" {
  source = "../../"

  name_prefix = "search-certificates"
  domain_name = "search.example.com"

  scope = {
    include = { domains = ["search.example.com"] }
  }

  notifications = {
    email_addresses = {
      search = "search@example.com"
    }
  }

  tags = { Team = "search" }
}

# Reports every certificate of the account, also those in no scope, and changes none that it did not issue.
module "platform_certificates" {
  source = "../../"

  name_prefix = "platform-certificates"

  # Stacks that use modules/certificate may have certificates for these names.
  allowed_domains = ["billing.example.com"]

  scope = {
    include = { domains = ["billing.example.com"] }
    others  = "report"
  }

  notifications = {
    email_addresses = {
      platform = "platform@example.com"
    }
  }

  tags = { Team = "platform" }
}
