output "rotation_function_name" {
  description = "Function that the schedule invokes, and that can be invoked by hand."
  value       = module.certificate_lifecycle.rotation_function_name
}

output "rotation_role_arn" {
  description = "The role that the roles of the other accounts must trust."
  value       = module.certificate_lifecycle.rotation_role_arn
}
