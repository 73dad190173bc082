# Jira: an automation rule with the trigger "Incoming webhook" finds the issue by its label, the problem key.
# https://support.atlassian.com/cloud-automation/docs/jira-automation-triggers/

resource "aws_cloudwatch_event_connection" "jira" {
  name               = "${local.name_prefix}-jira"
  authorization_type = "API_KEY"

  auth_parameters {
    api_key {
      key   = "X-Automation-Webhook-Token"
      value = var.jira.secret
    }
  }
}

resource "aws_cloudwatch_event_api_destination" "jira" {
  name                             = "${local.name_prefix}-jira"
  connection_arn                   = aws_cloudwatch_event_connection.jira.arn
  http_method                      = "POST"
  invocation_endpoint              = var.jira.url
  invocation_rate_limit_per_second = 10
}

resource "aws_cloudwatch_event_rule" "jira" {
  for_each = {
    open     = local.open
    resolved = local.resolved
  }

  name          = "${local.name_prefix}-jira-${each.key}"
  event_pattern = jsonencode(each.value)
}

# The rule in Jira creates an issue if no open one has the label, and otherwise adds a comment.
resource "aws_cloudwatch_event_target" "jira_open" {
  rule     = aws_cloudwatch_event_rule.jira["open"].name
  arn      = aws_cloudwatch_event_api_destination.jira.arn
  role_arn = aws_iam_role.delivery.arn

  dead_letter_config {
    arn = aws_sqs_queue.failed.arn
  }

  input_transformer {
    input_paths    = local.open_paths
    input_template = <<-JSON
      {
        "action": "open",
        "label": <key>,
        "change": <change>,
        "severity": <severity>,
        "verdict": <verdict>,
        "domain": <domain>,
        "message": <message>,
        "finding": <finding>
      }
    JSON
  }
}

# The rule in Jira adds the state as a comment and closes the issue with the label.
resource "aws_cloudwatch_event_target" "jira_resolved" {
  rule     = aws_cloudwatch_event_rule.jira["resolved"].name
  arn      = aws_cloudwatch_event_api_destination.jira.arn
  role_arn = aws_iam_role.delivery.arn

  dead_letter_config {
    arn = aws_sqs_queue.failed.arn
  }

  input_transformer {
    input_paths    = local.resolved_paths
    input_template = <<-JSON
      {
        "action": "close",
        "label": <key>,
        "verdict": <verdict>,
        "certificate_arn": <arn>,
        "message": <state>
      }
    JSON
  }
}
