output "rotation_function_name" {
  description = "Name of the rotation function, for manual invocations."
  value       = module.certificates.rotation_function_name
}

output "rotation_role_arn" {
  description = "ARN of the role that the roles in the other accounts must trust."
  value       = module.certificates.rotation_role_arn
}
