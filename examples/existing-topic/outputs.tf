output "rotation_function_name" {
  description = "Name of the rotation function, for manual invocations."
  value       = module.certificates.rotation_function_name
}

output "sns_topic_arn" {
  description = "ARN of the existing topic."
  value       = module.certificates.sns_topic_arn
}
