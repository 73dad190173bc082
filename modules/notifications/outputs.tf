output "kms_key_arn" {
  description = "ARN of the topic's KMS key, given or created."
  value       = local.kms_key_arn
}

output "topic_arn" {
  description = "ARN of the topic."
  value       = aws_sns_topic.this.arn
}
