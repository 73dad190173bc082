# ServiceNow Event Management ("Event collection via web service API"): each change updates the alert with the message key, and severity 0 clears it.

variable "servicenow_password" {
  description = "Password of the ServiceNow user, who has the role evt_mgmt_integration; Terraform stores it in its state."
  type        = string
  sensitive   = true
}

locals {
  servicenow_instance = "example"
  servicenow_user     = "certificate-lifecycle"

  # Severities of ServiceNow: 1 is critical, 4 a warning, and 5 needs no action.
  servicenow_severities = { critical = 1, warning = 4, info = 5 }

  servicenow_open = {
    for severity, number in local.servicenow_severities : severity => {
      pattern = {
        change  = [{ "anything-but" = ["resolved"] }]
        finding = { severity = [severity] }
      }
      paths = {
        account_id      = "$.detail.account_id"
        certificate_arn = "$.detail.certificate_arn"
        domain_name     = "$.detail.finding.domain_name"
        instance        = "$.detail.instance"
        message         = "$.detail.finding.message"
        problem_key     = "$.detail.problem_key"
        verdict         = "$.detail.finding.verdict"
      }
      template = <<-EOT
        {
          "records": [
            {
              "source": "certificate-lifecycle",
              "event_class": "<instance>",
              "node": "<account_id>",
              "resource": "<certificate_arn>",
              "type": "certificate",
              "metric_name": "<verdict>",
              "message_key": "<problem_key>",
              "severity": "${number}",
              "description": "<domain_name>: <message>"
            }
          ]
        }
      EOT
    }
  }

  servicenow_events = merge(local.servicenow_open, {
    clear = {
      pattern = { change = ["resolved"] }
      paths = {
        account_id      = "$.detail.account_id"
        certificate_arn = "$.detail.certificate_arn"
        instance        = "$.detail.instance"
        problem_key     = "$.detail.problem_key"
      }
      template = <<-EOT
        {
          "records": [
            {
              "source": "certificate-lifecycle",
              "event_class": "<instance>",
              "node": "<account_id>",
              "resource": "<certificate_arn>",
              "type": "certificate",
              "message_key": "<problem_key>",
              "severity": "0",
              "description": "The problem is resolved."
            }
          ]
        }
      EOT
    }
  })

  servicenow = {
    connection_arn = aws_cloudwatch_event_connection.servicenow.arn
    endpoint       = "https://${local.servicenow_instance}.service-now.com/api/global/em/jsonv2"
    events         = local.servicenow_events
  }
}

resource "aws_cloudwatch_event_connection" "servicenow" {
  name               = "${local.name_prefix}-tickets-servicenow"
  authorization_type = "BASIC"

  auth_parameters {
    basic {
      username = local.servicenow_user
      password = var.servicenow_password
    }
  }
}
