# ServiceNow: Event Management makes one alert for each message_key, updates it, and closes it with severity 0.
# https://www.servicenow.com/docs/bundle/xanadu-it-operations-management/page/product/event-management/task/send-events-via-web-service.html

locals {
  # Event Management: 1 critical, 3 minor, 4 warning, 5 info.
  servicenow_severities = { critical = "1", warning = "4", info = "5" }
}

resource "aws_cloudwatch_event_connection" "servicenow" {
  name               = "${local.name_prefix}-servicenow"
  authorization_type = "BASIC"

  auth_parameters {
    basic {
      username = var.servicenow.user
      password = var.servicenow.password
    }
  }
}

resource "aws_cloudwatch_event_api_destination" "servicenow" {
  name                             = "${local.name_prefix}-servicenow"
  connection_arn                   = aws_cloudwatch_event_connection.servicenow.arn
  http_method                      = "POST"
  invocation_endpoint              = "https://${var.servicenow.host}/api/global/em/jsonv2"
  invocation_rate_limit_per_second = 10
}

# ServiceNow has numbers for severities, and a template cannot translate: each severity has a rule.
resource "aws_cloudwatch_event_rule" "servicenow_open" {
  for_each = local.servicenow_severities

  name = "${local.name_prefix}-servicenow-${each.key}"
  event_pattern = jsonencode(merge(local.open, {
    detail = merge(local.open.detail, { finding = { severity = [each.key] } })
  }))
}

resource "aws_cloudwatch_event_target" "servicenow_open" {
  for_each = local.servicenow_severities

  rule     = aws_cloudwatch_event_rule.servicenow_open[each.key].name
  arn      = aws_cloudwatch_event_api_destination.servicenow.arn
  role_arn = aws_iam_role.delivery.arn

  dead_letter_config {
    arn = aws_sqs_queue.failed.arn
  }

  input_transformer {
    input_paths    = local.open_paths
    input_template = <<-JSON
      {
        "records": [{
          "source": "certificate-lifecycle",
          "event_class": <account>,
          "node": <domain>,
          "resource": <arn>,
          "metric_name": <reason>,
          "type": <verdict>,
          "message_key": <key>,
          "severity": "${each.value}",
          "resolution_state": "New",
          "description": <message>,
          "additional_info": { "change": <change>, "region": <region> }
        }]
      }
    JSON
  }
}

resource "aws_cloudwatch_event_rule" "servicenow_resolved" {
  name          = "${local.name_prefix}-servicenow-resolved"
  event_pattern = jsonencode(local.resolved)
}

resource "aws_cloudwatch_event_target" "servicenow_resolved" {
  rule     = aws_cloudwatch_event_rule.servicenow_resolved.name
  arn      = aws_cloudwatch_event_api_destination.servicenow.arn
  role_arn = aws_iam_role.delivery.arn

  dead_letter_config {
    arn = aws_sqs_queue.failed.arn
  }

  input_transformer {
    input_paths    = local.resolved_paths
    input_template = <<-JSON
      {
        "records": [{
          "source": "certificate-lifecycle",
          "resource": <arn>,
          "type": <verdict>,
          "message_key": <key>,
          "severity": "0",
          "resolution_state": "Closing",
          "description": <state>
        }]
      }
    JSON
  }
}
