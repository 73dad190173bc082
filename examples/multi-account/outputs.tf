output "member_role_arns" {
  description = "Roles that the other accounts offer to the function."
  value       = [module.payments.role_arn, module.search.role_arn]
}

output "rotation_function_name" {
  description = "Function that the schedule invokes, and that can be invoked by hand."
  value       = module.certificate_lifecycle.rotation_function_name
}
