output "allowed_domains" {
  description = "Allowed domains, without those below another one."
  value       = local._widest_domains.allowed
}

output "allowed_names" {
  description = "IAM patterns of the names within the allowed domains."
  value       = local._names.allowed
}

output "allowed_records" {
  description = "IAM patterns of the validation records of these names, to be combined with `validation_label`."
  value       = local._records.allowed
}

output "policy_json" {
  description = "IAM policy document with the permissions."
  value = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      local._read,
      local._restore_records,
      local._repair,
      local._request_managed,
      local._request_unmanaged,
      local._replace,
      local._retire,
      local._rebind,
      local._rebind_at_the_edge,
    )
  })
}

output "refuse_other_records" {
  description = "IAM statement that denies writing records with an underscore name that is not ACM's."
  value       = local._refuse_other_records
}

output "refuse_other_validation" {
  description = "IAM statement that denies requesting public certificates that are not validated through DNS."
  value       = local._refuse_other_validation
}

output "replaces" {
  description = "Whether the permissions include requesting successors."
  value       = local._replaces
}

output "validation_label" {
  description = "IAM pattern of the first label of ACM's validation records."
  value       = local._validation_label
}
