# Sends the events to each ticket system.

locals {
  # A row for each ticket system.
  ticket_systems = {
    jira       = local.jira
    pagerduty  = local.pagerduty
    servicenow = local.servicenow
  }

  ticket_events = merge([
    for system, settings in local.ticket_systems : {
      for name, event in settings.events : "${system}-${name}" => merge(event, { system = system })
    }
  ]...)
}

resource "aws_cloudwatch_event_api_destination" "tickets" {
  for_each = local.ticket_systems

  name                             = "${local.name_prefix}-tickets-${each.key}"
  connection_arn                   = each.value.connection_arn
  invocation_endpoint              = each.value.endpoint
  http_method                      = "POST"
  invocation_rate_limit_per_second = 2
}

resource "aws_cloudwatch_event_rule" "tickets" {
  for_each = local.ticket_events

  name        = "${local.name_prefix}-tickets-${each.key}"
  description = "Findings of certificates for ${each.key}."

  event_pattern = jsonencode({
    source      = ["certificate-lifecycle"]
    detail-type = ["Certificate Finding"]
    detail      = merge({ instance = [local.name_prefix] }, each.value.pattern)
  })
}

resource "aws_cloudwatch_event_target" "tickets" {
  for_each = local.ticket_events

  rule     = aws_cloudwatch_event_rule.tickets[each.key].name
  arn      = aws_cloudwatch_event_api_destination.tickets[each.value.system].arn
  role_arn = aws_iam_role.tickets[each.value.system].arn

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

resource "aws_iam_role" "tickets" {
  for_each = local.ticket_systems

  name        = "${local.name_prefix}-tickets-${each.key}"
  description = "Lets EventBridge send events to ${each.key}."

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

resource "aws_iam_role_policy" "tickets" {
  for_each = local.ticket_systems

  name = each.key
  role = aws_iam_role.tickets[each.key].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "SendTickets"
      Effect   = "Allow"
      Action   = "events:InvokeApiDestination"
      Resource = aws_cloudwatch_event_api_destination.tickets[each.key].arn
    }]
  })
}
