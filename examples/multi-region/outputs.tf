output "rotation_function_name" {
  description = "Function that the schedule invokes, and that can be invoked by hand."
  value       = module.certificate_lifecycle.rotation_function_name
}

output "sns_topic_arn" {
  description = "Topic to subscribe further people and machines to."
  value       = module.certificate_lifecycle.sns_topic_arn
}
