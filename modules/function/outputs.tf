output "alarm_arns" {
  description = "ARNs of the alarms; empty without alarms."
  value = concat(
    aws_cloudwatch_metric_alarm.errors[*].arn,
    aws_cloudwatch_metric_alarm.lost_events[*].arn,
    aws_cloudwatch_metric_alarm.throttles[*].arn,
  )
}

output "function_arn" {
  description = "ARN of the function."
  value       = aws_lambda_function.this.arn
}

output "function_name" {
  description = "Name of the function."
  value       = aws_lambda_function.this.function_name
}

output "log_group_name" {
  description = "Name of the function's log group."
  value       = aws_cloudwatch_log_group.this.name
}

output "role_arn" {
  description = "ARN of the function's role."
  value       = aws_iam_role.this.arn
}
