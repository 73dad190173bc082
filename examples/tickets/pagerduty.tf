# PagerDuty (Events API v2, "Send an Alert Event"): new and worse findings trigger an alert, and a resolved one resolves it.

variable "pagerduty_routing_key" {
  description = "Integration key of the PagerDuty service; Terraform stores it in its state."
  type        = string
  sensitive   = true
}

locals {
  pagerduty = {
    connection_arn = aws_cloudwatch_event_connection.pagerduty.arn
    endpoint       = "https://events.pagerduty.com/v2/enqueue"

    events = {
      trigger = {
        pattern = {
          change  = ["new", "worse"]
          finding = { severity = ["critical", "warning"] }
        }
        paths = {
          certificate_arn = "$.detail.certificate_arn"
          domain_name     = "$.detail.finding.domain_name"
          finding         = "$.detail.finding"
          problem_key     = "$.detail.problem_key"
          severity        = "$.detail.finding.severity"
          time            = "$.time"
          verdict         = "$.detail.finding.verdict"
        }
        # A summary has at most 1024 characters; the message is in the details.
        template = <<-EOT
          {
            "event_action": "trigger",
            "dedup_key": "<problem_key>",
            "payload": {
              "summary": "<domain_name>: <verdict>",
              "source": "<certificate_arn>",
              "severity": "<severity>",
              "class": "<verdict>",
              "timestamp": "<time>",
              "custom_details": <finding>
            }
          }
        EOT
      }
      resolve = {
        pattern  = { change = ["resolved"] }
        paths    = { problem_key = "$.detail.problem_key" }
        template = <<-EOT
          {
            "event_action": "resolve",
            "dedup_key": "<problem_key>"
          }
        EOT
      }
    }
  }
}

resource "aws_cloudwatch_event_connection" "pagerduty" {
  name               = "${local.name_prefix}-tickets-pagerduty"
  authorization_type = "API_KEY"

  auth_parameters {
    # A connection needs an authorization; PagerDuty reads the routing key in the body, where the connection puts it.
    api_key {
      key   = "X-Routing-Key"
      value = var.pagerduty_routing_key
    }

    invocation_http_parameters {
      body {
        key             = "routing_key"
        value           = var.pagerduty_routing_key
        is_value_secret = true
      }
    }
  }
}
