# Jira Cloud ("Configure the incoming webhook trigger in Atlassian Automation"): an automation rule opens, comments or closes the issue whose label is the key.

variable "jira_webhook_secret" {
  description = "Secret in the trigger of the automation rule; Terraform stores it in its state."
  type        = string
  sensitive   = true
}

locals {
  jira = {
    connection_arn = aws_cloudwatch_event_connection.jira.arn
    # The URL in the trigger of the automation rule.
    endpoint = "https://api-private.atlassian.com/automation/webhooks/jira/a/11111111-2222-3333-4444-555555555555/66666666-7777-8888-9999-000000000000"

    events = {
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
