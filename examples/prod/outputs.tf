output "creation_function_name" {
  description = "Name of the creation function, to invoke for a certificate."
  value       = module.certificate_lifecycle.creation_function_name
}

output "rotation_function_name" {
  description = "Name of the rotation function, for manual invocations."
  value       = module.certificate_lifecycle.rotation_function_name
}

output "sns_topic_arn" {
  description = "ARN of the topic, for further subscriptions."
  value       = module.certificate_lifecycle.sns_topic_arn
}

output "zone_role_principals" {
  description = "ARNs of the roles that the role `validation-records` must trust."
  value = [
    module.certificate_lifecycle.creation_role_arn,
    module.certificate_lifecycle.rotation_role_arn,
  ]
}
