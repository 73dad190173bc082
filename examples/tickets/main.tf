# Opens, comments and closes tickets: one file for each system, and what all of them share.

provider "aws" {
  region = "eu-west-1"
}

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_service" "events" {
  service_id = "events"
}

locals {
  name_prefix = "shop-watch"

  # The rules of the ticket systems: only these may use the roles and the queue.
  ticket_rules = {
    ArnLike      = { "aws:SourceArn" = "arn:${data.aws_partition.current.partition}:events:${data.aws_service.events.region}:${data.aws_caller_identity.current.account_id}:rule/${local.name_prefix}-tickets-*" }
    StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id }
  }
}

module "certificates" {
  # In your repository: source = "git::https://git.example.com/terraform-aws-certificate-lifecycle.git?ref=v0.1.0"
  source = "../../"

  name_prefix = local.name_prefix

  notifications = {
    email_addresses = {
      shop_on_call = "shop-on-call@example.com"
    }
    event_bus = { name = "default" }
  }
}

# Events that a ticket system did not accept within a day.
resource "aws_sqs_queue" "undelivered_tickets" {
  name                      = "${local.name_prefix}-tickets-undelivered"
  message_retention_seconds = 1209600 # 14 days, the longest time
  sqs_managed_sse_enabled   = true
}

resource "aws_sqs_queue_policy" "undelivered_tickets" {
  queue_url = aws_sqs_queue.undelivered_tickets.url

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "LetTheRulesKeepUndeliveredTickets"
      Effect    = "Allow"
      Action    = "sqs:SendMessage"
      Principal = { Service = "events.amazonaws.com" }
      Resource  = aws_sqs_queue.undelivered_tickets.arn
      Condition = local.ticket_rules
    }]
  })
}

# The topic of the module accepts alarms whose names begin with its prefix.
resource "aws_cloudwatch_metric_alarm" "undelivered_tickets" {
  alarm_name          = "${local.name_prefix}-tickets-undelivered"
  alarm_description   = "A ticket system rejected events, or could not be reached for a day: see the queue ${aws_sqs_queue.undelivered_tickets.name}."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.undelivered_tickets.name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [module.certificates.sns_topic_arn]
}
