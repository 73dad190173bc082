# Jira Cloud ("Configure the incoming webhook trigger in Atlassian Automation"): an automation rule opens, comments or closes the issue whose label is the key.

variable "jira_webhook_secret" {
  description = "Secret in the trigger of the automation rule; Terraform stores it in its state."
  type        = string
  sensitive   = true
}

locals {
  # The URL in the trigger of the automation rule.
  jira_webhook_url = "https://api-private.atlassian.com/automation/webhooks/jira/a/11111111-2222-3333-4444-555555555555/66666666-7777-8888-9999-000000000000"

  jira_events = {
    change = {
      pattern = {}
      paths = {
        change      = "$.detail.change"
        detail      = "$.detail"
        problem_key = "$.detail.problem_key"
      }
      template = <<-EOT
        {
          "problem_key": "<problem_key>",
          "change": "<change>",
          "detail": <detail>
        }
      EOT
    }
  }
}

resource "aws_cloudwatch_event_connection" "jira" {
  name               = "${local.name_prefix}-tickets-jira"
  authorization_type = "API_KEY"

  auth_parameters {
    api_key {
      key   = "X-Automation-Webhook-Token"
      value = var.jira_webhook_secret
    }
  }
}

resource "aws_cloudwatch_event_api_destination" "jira" {
  name                             = "${local.name_prefix}-tickets-jira"
  connection_arn                   = aws_cloudwatch_event_connection.jira.arn
  invocation_endpoint              = local.jira_webhook_url
  http_method                      = "POST"
  invocation_rate_limit_per_second = 2
}

resource "aws_cloudwatch_event_rule" "jira" {
  for_each = local.jira_events

  name        = "${local.name_prefix}-tickets-jira-${each.key}"
  description = "Every ${each.key} of a finding of a certificate, for the automation rule of Jira."

  event_pattern = jsonencode({
    source      = ["certificate-lifecycle"]
    detail-type = ["Certificate Finding"]
    detail      = merge({ instance = [local.name_prefix] }, each.value.pattern)
  })
}

resource "aws_cloudwatch_event_target" "jira" {
  for_each = local.jira_events

  rule     = aws_cloudwatch_event_rule.jira[each.key].name
  arn      = aws_cloudwatch_event_api_destination.jira.arn
  role_arn = aws_iam_role.jira.arn

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

resource "aws_iam_role" "jira" {
  name        = "${local.name_prefix}-tickets-jira"
  description = "Lets EventBridge send events to Jira."

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

resource "aws_iam_role_policy" "jira" {
  name = "jira"
  role = aws_iam_role.jira.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "SendTickets"
      Effect   = "Allow"
      Action   = "events:InvokeApiDestination"
      Resource = aws_cloudwatch_event_api_destination.jira.arn
    }]
  })
}
