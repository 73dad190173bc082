# PagerDuty (Events API v2, "Send an Alert Event"): new and worse findings trigger an alert, and a resolved one resolves it.

variable "pagerduty_routing_key" {
  description = "Integration key of the PagerDuty service; Terraform stores it in its state."
  type        = string
  sensitive   = true
}

locals {
  pagerduty_events = {
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

resource "aws_cloudwatch_event_api_destination" "pagerduty" {
  name                             = "${local.name_prefix}-tickets-pagerduty"
  connection_arn                   = aws_cloudwatch_event_connection.pagerduty.arn
  invocation_endpoint              = "https://events.pagerduty.com/v2/enqueue"
  http_method                      = "POST"
  invocation_rate_limit_per_second = 2
}

resource "aws_cloudwatch_event_rule" "pagerduty" {
  for_each = local.pagerduty_events

  name        = "${local.name_prefix}-tickets-pagerduty-${each.key}"
  description = "Findings of certificates that ${each.key} an alert in PagerDuty."

  event_pattern = jsonencode({
    source      = ["certificate-lifecycle"]
    detail-type = ["Certificate Finding"]
    detail      = merge({ instance = [local.name_prefix] }, each.value.pattern)
  })
}

resource "aws_cloudwatch_event_target" "pagerduty" {
  for_each = local.pagerduty_events

  rule     = aws_cloudwatch_event_rule.pagerduty[each.key].name
  arn      = aws_cloudwatch_event_api_destination.pagerduty.arn
  role_arn = aws_iam_role.pagerduty.arn

  input_transformer {
    input_paths    = each.value.paths
    input_template = each.value.template
  }

  retry_policy {
    maximum_event_age_in_seconds = 86400
    maximum_retry_attempts       = 185
  }

  dead_letter_config {
    arn = aws_sqs_queue.undelivered_tickets.arn
  }
}

resource "aws_iam_role" "pagerduty" {
  name        = "${local.name_prefix}-tickets-pagerduty"
  description = "Lets EventBridge send events to PagerDuty."

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "LetTheRulesOfTicketsAssume"
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "events.amazonaws.com" }
      Condition = local.ticket_rules
    }]
  })
}

resource "aws_iam_role_policy" "pagerduty" {
  name = "pagerduty"
  role = aws_iam_role.pagerduty.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "SendTickets"
      Effect   = "Allow"
      Action   = "events:InvokeApiDestination"
      Resource = aws_cloudwatch_event_api_destination.pagerduty.arn
    }]
  })
}
