# Sends the findings of an instance to ticket systems: a ticket is opened, commented and closed by the problem key.

provider "aws" {
  region = "eu-west-1"
}

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_service" "events" {
  service_id = "events"
}

locals {
  name_prefix = "ticket-certificates"

  # A finding that is open, and one that is resolved; both have the problem key.
  open = {
    source      = ["certificate-lifecycle"]
    detail-type = ["Certificate Finding"]
    detail = {
      instance = [local.name_prefix]
      change   = [{ anything-but = ["resolved"] }]
    }
  }
  resolved = merge(local.open, { detail = merge(local.open.detail, { change = ["resolved"] }) })

  # Each variable is a value of its own in a template: within a text, it would not be escaped.
  # A value that may be null, such as the owner, is only in the whole finding.
  open_paths = {
    account  = "$.detail.account_id"
    arn      = "$.detail.certificate_arn"
    change   = "$.detail.change"
    domain   = "$.detail.finding.domain_name"
    finding  = "$.detail.finding"
    key      = "$.detail.problem_key"
    message  = "$.detail.finding.message"
    reason   = "$.detail.finding.reason"
    region   = "$.detail.region"
    severity = "$.detail.finding.severity"
    verdict  = "$.detail.finding.verdict"
  }
  resolved_paths = {
    arn     = "$.detail.certificate_arn"
    key     = "$.detail.problem_key"
    state   = "$.detail.current_state"
    verdict = "$.detail.previous_verdict"
  }
}

module "certificates" {
  # In your repository: source = "git::https://git.example.com/terraform-aws-certificate-lifecycle.git?ref=v0.1.0"
  source = "../../"

  name_prefix   = local.name_prefix
  rotation_mode = "notify"

  notifications = {
    event_bus = { name = "default" }
  }
}
