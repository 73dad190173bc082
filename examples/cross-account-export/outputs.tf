output "reader_policy_json" {
  description = "What the role of the other account must allow itself, because a permission across accounts needs both sides."
  value = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "ReadTheExportedCertificate"
        Effect   = "Allow"
        Action   = ["secretsmanager:GetSecretValue"]
        Resource = values(local.shared_secrets)
      },
      {
        Sid      = "DecryptTheExportedCertificate"
        Effect   = "Allow"
        Action   = ["kms:Decrypt"]
        Resource = [aws_kms_key.shared.arn]
      },
    ]
  })
}

output "rotation_function_name" {
  description = "Function that exports the certificate, by its schedule or by hand."
  value       = module.certificate_lifecycle.rotation_function_name
}

output "secret_arns" {
  description = "Secrets that the other account reads, which it must name by their ARN."
  value       = local.shared_secrets
}
