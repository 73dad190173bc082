# One Lambda function with its log group, role, failure destination and alarms.

# Before the function: otherwise Lambda creates the group at the first invocation, without retention, and Terraform's create fails.
resource "aws_cloudwatch_log_group" "this" {
  # checkov:skip=CKV_AWS_338:retention is the caller's choice, a year by default
  name              = "/aws/lambda/${var.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
  tags              = var.tags
}

resource "aws_lambda_function" "this" {
  # checkov:skip=CKV_AWS_45:account ids and external ids are not secrets, see the IAM user guide on the confused deputy
  # checkov:skip=CKV_AWS_50:no tracing, because the functions call only AWS APIs and log each decision
  # checkov:skip=CKV_AWS_115:reserved concurrency is the caller's choice, because accounts with a small quota reject reservations
  # checkov:skip=CKV_AWS_116:the failure destination has more details than a dead-letter queue, see aws_lambda_function_event_invoke_config
  # checkov:skip=CKV_AWS_117:a VPC is the caller's choice, because only the probe of private names uses resources inside one
  # checkov:skip=CKV_AWS_272:the zip is committed beside this code and pinned by its hash
  function_name                  = var.name
  description                    = var.description
  role                           = aws_iam_role.this.arn
  runtime                        = "python3.13"
  architectures                  = [var.architecture]
  handler                        = var.handler
  filename                       = var.filename
  source_code_hash               = filebase64sha256(var.filename)
  timeout                        = var.timeout_seconds
  memory_size                    = var.memory_mb
  layers                         = var.layers
  kms_key_arn                    = var.kms_key_arn
  reserved_concurrent_executions = coalesce(var.reserved_concurrency, -1)
  tags                           = var.tags

  environment {
    variables = var.environment
  }

  dynamic "vpc_config" {
    for_each = var.vpc[*]

    content {
      security_group_ids = vpc_config.value.security_group_ids
      subnet_ids         = vpc_config.value.subnet_ids
    }
  }

  logging_config {
    application_log_level = "INFO"
    log_format            = "JSON"
    log_group             = aws_cloudwatch_log_group.this.name
    system_log_level      = "WARN"
  }

  # The first invocation may follow immediately and needs the permissions.
  depends_on = [aws_iam_role_policy.this]

  lifecycle {
    precondition {
      condition     = sum([for name, value in var.environment : length(name) + length(value)]) <= 4096
      error_message = "The environment of ${var.name} must stay within Lambda's 4096 bytes; use fewer domains, zones, import sources or export targets, or allow a common parent of the domains."
    }
  }
}

# Scheduled and event-driven invocations are asynchronous: without a destination, an event whose last attempt fails is lost.
resource "aws_lambda_function_event_invoke_config" "this" {
  function_name          = aws_lambda_function.this.function_name
  maximum_retry_attempts = var.maximum_retry_attempts

  destination_config {
    on_failure {
      destination = var.topic_arn
    }
  }

  # Lambda checks at creation that the role may publish to the destination.
  depends_on = [aws_iam_role_policy.this]
}

resource "aws_cloudwatch_metric_alarm" "errors" {
  count = var.alarms ? 1 : 0

  alarm_name          = "${var.name}-errors"
  alarm_description   = "${var.name} failed. See the log group ${aws_cloudwatch_log_group.this.name}."
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  dimensions          = { FunctionName = aws_lambda_function.this.function_name }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  # No invocation means no data point, and most five-minute periods have none.
  treat_missing_data = "notBreaching"
  alarm_actions      = [var.topic_arn]
  ok_actions         = [var.topic_arn]
  tags               = var.tags
}

# Four periods, longer than any run: with reserved concurrency, an ACM event may have to wait for a run to end.
resource "aws_cloudwatch_metric_alarm" "throttles" {
  count = var.alarms ? 1 : 0

  alarm_name          = "${var.name}-throttles"
  alarm_description   = "${var.name} has been throttled for 20 minutes: its reserved concurrency, or the concurrency of the account, is in use."
  namespace           = "AWS/Lambda"
  metric_name         = "Throttles"
  dimensions          = { FunctionName = aws_lambda_function.this.function_name }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 4
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  # No invocation means no data point, and most five-minute periods have none.
  treat_missing_data = "notBreaching"
  alarm_actions      = [var.topic_arn]
  ok_actions         = [var.topic_arn]
  tags               = var.tags
}

# Events that were dropped, or whose failure could not be delivered, do not count as errors of the function.
resource "aws_cloudwatch_metric_alarm" "lost_events" {
  count = var.alarms ? 1 : 0

  alarm_name          = "${var.name}-lost-events"
  alarm_description   = "Lambda dropped an event of ${var.name}, or could not deliver a failed one to the topic."
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  evaluation_periods  = 1
  # No lost event means no data point.
  treat_missing_data = "notBreaching"
  alarm_actions      = [var.topic_arn]
  ok_actions         = [var.topic_arn]
  tags               = var.tags

  metric_query {
    id          = "lost"
    label       = "Dropped events and undelivered failures"
    expression  = "SUM(METRICS())"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = toset(["AsyncEventsDropped", "DestinationDeliveryFailures"])

    content {
      id = lower(metric_query.value)

      metric {
        namespace   = "AWS/Lambda"
        metric_name = metric_query.value
        dimensions  = { FunctionName = aws_lambda_function.this.function_name }
        stat        = "Sum"
        period      = 300
      }
    }
  }
}
