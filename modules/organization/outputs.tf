output "alarm_arns" {
  description = "ARNs of the alarms, none if there are none."
  value       = aws_cloudwatch_metric_alarm.failed[*].arn
}

output "bucket_name" {
  description = "Bucket with the report of each run."
  value       = module.bucket.name
}

output "definition_json" {
  description = "Definition of the state machine."
  value       = local.definition_json
}

output "rule_arn" {
  description = "ARN of the rule that starts a run."
  value       = aws_cloudwatch_event_rule.this.arn
}

output "state_machine_arn" {
  description = "ARN of the state machine; starting it by hand is a run."
  value       = aws_sfn_state_machine.this.arn
}
