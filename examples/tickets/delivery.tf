# The role with which EventBridge calls the ticket systems, and the queue of the calls that failed for a day.

resource "aws_iam_role" "delivery" {
  name = "${local.name_prefix}-tickets"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "events.amazonaws.com" }
      Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
    }]
  })
}

resource "aws_iam_role_policy" "delivery" {
  name = "api-destinations"
  role = aws_iam_role.delivery.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect = "Allow"
      Action = "events:InvokeApiDestination"
      Resource = [
        aws_cloudwatch_event_api_destination.jira.arn,
        aws_cloudwatch_event_api_destination.pagerduty.arn,
        aws_cloudwatch_event_api_destination.servicenow.arn,
      ]
    }]
  })
}

resource "aws_sqs_queue" "failed" {
  name                      = "${local.name_prefix}-tickets-failed"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
}

resource "aws_sqs_queue_policy" "failed" {
  queue_url = aws_sqs_queue.failed.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sqs:SendMessage"
      Principal = { Service = "events.amazonaws.com" }
      Resource  = aws_sqs_queue.failed.arn
      Condition = {
        ArnLike = {
          "aws:SourceArn" = "arn:${data.aws_partition.current.partition}:events:${data.aws_service.events.region}:${data.aws_caller_identity.current.account_id}:rule/${local.name_prefix}-*"
        }
      }
    }]
  })
}
