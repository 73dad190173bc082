output "account" {
  description = "Entry for this account in the root module's `accounts`."
  value = {
    account_id              = data.aws_caller_identity.current.account_id
    external_id             = var.external_id
    rebind_consumers        = var.rebind_consumers
    role_name               = aws_iam_role.this.name
    rotation_mode           = var.rotation_mode
    scope                   = var.scope
    unmanaged_rotation_mode = var.unmanaged_rotation_mode
  }
}

output "role_arn" {
  description = "ARN of the role."
  value       = aws_iam_role.this.arn
}
