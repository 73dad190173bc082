output "rotation_role_arn" {
  description = "The role that the roles of all accounts must trust."
  value       = module.certificate_lifecycle.rotation_role_arn
}

output "state_machine_arn" {
  description = "State machine that the schedule starts, and that can be started by hand."
  value       = module.certificate_lifecycle.organization_state_machine_arn
}
