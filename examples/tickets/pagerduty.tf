# PagerDuty: an event with a known dedup_key is added to the log of its incident, and `resolve` closes the incident.
# https://developer.pagerduty.com/docs/events-api-v2/trigger-events/

resource "aws_cloudwatch_event_connection" "pagerduty" {
  name               = "${local.name_prefix}-pagerduty"
  authorization_type = "API_KEY"

  auth_parameters {
    # A connection needs a header; PagerDuty reads the key from the body.
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
  name                             = "${local.name_prefix}-pagerduty"
  connection_arn                   = aws_cloudwatch_event_connection.pagerduty.arn
  http_method                      = "POST"
  invocation_endpoint              = "https://events.pagerduty.com/v2/enqueue"
  invocation_rate_limit_per_second = 10
}

# Only what wakes a person; the incident ends with the finding, also after it was less severe.
resource "aws_cloudwatch_event_rule" "pagerduty" {
  for_each = {
    open = merge(local.open, {
      detail = merge(local.open.detail, { finding = { severity = ["critical"] } })
    })
    resolved = local.resolved
  }

  name          = "${local.name_prefix}-pagerduty-${each.key}"
  event_pattern = jsonencode(each.value)
}

resource "aws_cloudwatch_event_target" "pagerduty_open" {
  rule     = aws_cloudwatch_event_rule.pagerduty["open"].name
  arn      = aws_cloudwatch_event_api_destination.pagerduty.arn
  role_arn = aws_iam_role.delivery.arn

  dead_letter_config {
    arn = aws_sqs_queue.failed.arn
  }

  input_transformer {
    input_paths    = local.open_paths
    input_template = <<-JSON
      {
        "event_action": "trigger",
        "dedup_key": <key>,
        "payload": {
          "summary": <message>,
          "source": <domain>,
          "severity": <severity>,
          "component": <arn>,
          "group": <account>,
          "class": <verdict>,
          "custom_details": { "change": <change>, "finding": <finding> }
        }
      }
    JSON
  }
}

resource "aws_cloudwatch_event_target" "pagerduty_resolved" {
  rule     = aws_cloudwatch_event_rule.pagerduty["resolved"].name
  arn      = aws_cloudwatch_event_api_destination.pagerduty.arn
  role_arn = aws_iam_role.delivery.arn

  dead_letter_config {
    arn = aws_sqs_queue.failed.arn
  }

  input_transformer {
    input_paths    = { key = local.resolved_paths.key }
    input_template = <<-JSON
      { "event_action": "resolve", "dedup_key": <key> }
    JSON
  }
}
