output "certificate_arn" {
  description = "ARN of the certificate in use, also after a replacement."
  value       = module.certificates.certificate_arn
}

output "creation_function_name" {
  description = "Name of the creation function, for manual invocations."
  value       = module.certificates.creation_function_name
}

output "rotation_function_name" {
  description = "Name of the rotation function, for manual invocations."
  value       = module.certificates.rotation_function_name
}

output "sns_topic_arn" {
  description = "ARN of the topic, for further subscriptions."
  value       = module.certificates.sns_topic_arn
}
