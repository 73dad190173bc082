output "rotation_role_arn" {
  description = "ARN of the role that the roles in all accounts must trust."
  value       = module.certificates.rotation_role_arn
}

output "state_machine_arn" {
  description = "ARN of the state machine, for manual executions."
  value       = module.certificates.organization_state_machine_arn
}
