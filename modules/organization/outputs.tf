output "alarm_arns" {
  description = "ARNs of the alarms; empty without alarms."
  value       = aws_cloudwatch_metric_alarm.failed[*].arn
}

output "bucket_name" {
  description = "Name of the bucket with the results and reports."
  value       = module.bucket.name
}

output "definition_json" {
  description = "Definition of the state machine."
  value       = local.definition_json
}

output "rule_arn" {
  description = "ARN of the rule that starts the runs."
  value       = aws_cloudwatch_event_rule.this.arn
}

output "state_machine_arn" {
  description = "ARN of the state machine. Start an execution for a manual run."
  value       = aws_sfn_state_machine.this.arn
}
