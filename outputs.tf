output "creation_function_arn" {
  description = "ARN of the function that issues the certificate; null when `create` is false."
  value       = one(module.creation[*].function_arn)
}

output "creation_function_name" {
  description = "Name of the function that issues the certificate, as `aws lambda invoke` wants it; null when `create` is false."
  value       = one(module.creation[*].function_name)
}

output "creation_log_group_name" {
  description = "Log group of the creation function; null when `create` is false."
  value       = one(module.creation[*].log_group_name)
}

output "creation_role_arn" {
  description = "Role of the creation function, for the trust policies of zone roles in other accounts; null when `create` is false."
  value       = one(module.creation[*].role_arn)
}

output "dashboard_url" {
  description = "Address of the dashboard in the console; null when `dashboard` or `create` is false."
  value       = one(module.watch[*].dashboard_url)
}

output "ledger_table_name" {
  description = "Table in which the rotation function remembers what was told and how far each replacement has come; null when `create` is false."
  value       = one(module.ledger[*].table_name)
}

output "organization_state_machine_arn" {
  description = "State machine that runs over the accounts of `organization`; null without one, and when `create` is false."
  value       = one(module.organization[*].state_machine_arn)
}

output "report_bucket_name" {
  description = "Bucket with the reports of the runs; null without `report_bucket_name`, and when `create` is false."
  value       = one(module.report_bucket[*].name)
}

output "rotation_function_arn" {
  description = "ARN of the function that looks at every certificate; null when `create` is false."
  value       = one(module.rotation[*].function_arn)

  # Stated here, because a variable's rule knows neither account nor region.
  precondition {
    condition     = alltrue([for arn in keys(var.export_targets) : anytrue([for here in local._certificates_here : startswith(arn, here)])])
    error_message = "export_targets must name certificates of this account and of a region that is looked at, ${join(", ", local._certificates_here)}, got ${join(", ", keys(var.export_targets))}."
  }

  precondition {
    condition     = alltrue([for account in var.accounts : account.account_id != local.account_id])
    error_message = "accounts must not name the function's own account ${local.account_id}, which is looked after anyway."
  }

  precondition {
    condition     = alltrue([for arn in keys(var.import_sources) : anytrue([for here in local._certificates_here : startswith(arn, here)])])
    error_message = "import_sources must name certificates of this account and of a region that is looked at, ${join(", ", local._certificates_here)}, got ${join(", ", keys(var.import_sources))}."
  }
}

output "rotation_function_name" {
  description = "Name of the function that looks at every certificate; null when `create` is false."
  value       = one(module.rotation[*].function_name)
}

output "rotation_log_group_name" {
  description = "Log group of the rotation function; null when `create` is false."
  value       = one(module.rotation[*].log_group_name)
}

output "rotation_role_arn" {
  description = "Role of the rotation function, for the trust policies of zone roles in other accounts; null when `create` is false."
  value       = one(module.rotation[*].role_arn)
}

output "schedule_rule_arn" {
  description = "ARN of the rule that starts the rotation function or, with `organization`, the state machine; null when `create` is false."
  value       = one(concat(module.schedule[*].rule_arn, module.organization[*].rule_arn))
}

output "sns_topic_arn" {
  description = "Topic that people and machines listen to, created or adopted; null when `create` is false."
  value       = var.create ? local.topic_arn : null

  precondition {
    condition     = !var.create || try(split(":", var.notifications.topic_arn)[3], local.region) == local.region
    error_message = "notifications.topic_arn must be a topic of the region deployed to (${local.region}), because alarms and failure destinations cannot reach another one, got ${coalesce(var.notifications.topic_arn, "null")}."
  }
}
