output "certificate_arn" {
  description = "ARN of the certificate `main`, or of the only declared certificate; null if there is neither, or if nothing was issued."
  value       = try(local.certificate_arns["main"], one(values(local.certificate_arns)), null)
}

output "certificate_arns" {
  description = "ARNs of the declared certificates by key, also after a replacement; empty if `issue_on_apply` or `create` is false."
  value       = local.certificate_arns
}

output "creation_function_arn" {
  description = "ARN of the creation function; null if `create` is false."
  value       = one(module.creation[*].function_arn)

  # Here, because the validation of a variable cannot refer to the region.
  precondition {
    condition = length(local.certificates) == length(distinct([for certificate in values(local.certificates) : jsonencode([
      sort(distinct(concat([certificate.domain_name], certificate.subject_alternative_names, certificate.include_www ? ["www.${certificate.domain_name}"] : []))),
      certificate.certificate_authority_arn, certificate.exportable, certificate.key_algorithm, certificate.region,
      certificate.root_hierarchy_type, certificate.root_hierarchy_type == null ? null : coalesce(certificate.certificate_usage, "CLIENT_AND_SERVER_AUTH"),
    ])]))
    error_message = "certificates must differ in their names, key_algorithm, region, certificate_authority_arn, root_hierarchy_type, certificate_usage or exportable, because equal ones would be one certificate, got ${join(", ", keys(local.certificates))}."
  }

  precondition {
    condition     = alltrue([for arn in var.function.layers : startswith(arn, "arn:${local.partition}:lambda:${local.region}:")])
    error_message = "function.layers must be in the module's region (${local.region}), because a function cannot use those of another region, got ${join(", ", var.function.layers)}."
  }
}

output "creation_function_name" {
  description = "Name of the creation function, for `aws lambda invoke`; null if `create` is false."
  value       = one(module.creation[*].function_name)
}

output "creation_log_group_name" {
  description = "Log group of the creation function; null if `create` is false."
  value       = one(module.creation[*].log_group_name)
}

output "creation_role_arn" {
  description = "ARN of the creation function's role, for the trust policies of zone roles in other accounts; null if `create` is false."
  value       = one(module.creation[*].role_arn)
}

output "dashboard_url" {
  description = "URL of the dashboard in the console; null if `monitoring.dashboard` or `create` is false."
  value       = one(module.watch[*].dashboard_url)
}

output "ledger_table_name" {
  description = "DynamoDB table with sent notifications and the state of replacements; null if `create` is false."
  value       = one(module.ledger[*].table_name)
}

output "organization_state_machine_arn" {
  description = "State machine that scans the accounts of `organization`; null if `organization` is null or `create` is false."
  value       = one(module.organization[*].state_machine_arn)
}

output "report_bucket_name" {
  description = "S3 bucket with the run reports; null if `report` is null or `create` is false."
  value       = one(module.report_bucket[*].name)
}

output "rotation_function_arn" {
  description = "ARN of the rotation function; null if `create` is false."
  value       = one(module.rotation[*].function_arn)

  # Here, because the validation of a variable cannot refer to the account or region.
  precondition {
    condition     = alltrue([for arn in keys(var.export_targets) : anytrue([for here in local._certificates_here : startswith(arn, here)])])
    error_message = "export_targets must contain certificates of this account and of the monitored regions, ${join(", ", local._certificates_here)}, got ${join(", ", keys(var.export_targets))}."
  }

  precondition {
    condition     = alltrue([for account in var.accounts : account.account_id != local.account_id])
    error_message = "accounts must not contain the function's own account ${local.account_id}, which is always monitored."
  }

  precondition {
    condition     = alltrue([for arn in keys(var.import_sources) : anytrue([for here in local._certificates_here : startswith(arn, here)])])
    error_message = "import_sources must contain certificates of this account and of the monitored regions, ${join(", ", local._certificates_here)}, got ${join(", ", keys(var.import_sources))}."
  }
}

output "rotation_function_name" {
  description = "Name of the rotation function; null if `create` is false."
  value       = one(module.rotation[*].function_name)
}

output "rotation_log_group_name" {
  description = "Log group of the rotation function; null if `create` is false."
  value       = one(module.rotation[*].log_group_name)
}

output "rotation_role_arn" {
  description = "ARN of the rotation function's role, for the trust policies of zone roles in other accounts; null if `create` is false."
  value       = one(module.rotation[*].role_arn)
}

output "schedule_rule_arn" {
  description = "ARN of the rule that starts the rotation function or, with `organization`, the state machine; null if `create` is false."
  value       = one(concat(module.schedule[*].rule_arn, module.organization[*].rule_arn))
}

output "sns_topic_arn" {
  description = "ARN of the topic for notifications, created or existing; null if `create` is false."
  value       = var.create ? local.topic_arn : null

  precondition {
    condition     = !var.create || var.notifications.topic == null || try(split(":", var.notifications.topic.arn)[3] == local.region, false)
    error_message = "notifications.topic must be a topic of the module's region (${local.region}), because alarms and failure destinations cannot publish to another region, got ${try(var.notifications.topic.arn, "null")}."
  }
}
