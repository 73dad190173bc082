# A rule that starts the function by schedule or by events, its target, and the permission for this rule to invoke the function.

resource "aws_cloudwatch_event_rule" "this" {
  name                = var.name
  description         = var.description
  schedule_expression = var.schedule_expression
  event_pattern       = var.event_pattern
  state               = "ENABLED"
  tags                = var.tags
}

resource "aws_cloudwatch_event_target" "this" {
  rule      = aws_cloudwatch_event_rule.this.name
  target_id = var.function_name
  arn       = var.function_arn

  # Applies only to the delivery to Lambda. The function has its own retries and failure destination.
  retry_policy {
    maximum_event_age_in_seconds = 3600
    maximum_retry_attempts       = 10
  }

  # Without the permission, the rule's first invocation fails.
  depends_on = [aws_lambda_permission.this]
}

resource "aws_lambda_permission" "this" {
  statement_id  = var.statement_id
  action        = "lambda:InvokeFunction"
  function_name = var.function_name
  principal     = "events.amazonaws.com"
  # No source_account, because EventBridge does not send one. The ARN contains the account.
  source_arn = aws_cloudwatch_event_rule.this.arn
}
