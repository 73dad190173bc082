output "reader_policy_json" {
  description = "IAM policy for the role in the other account, because cross-account access needs permissions on both sides."
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
  description = "Name of the rotation function, which exports the certificate."
  value       = module.certificates.rotation_function_name
}

output "secret_arns" {
  description = "ARNs of the secrets, which the other account needs to read them."
  value       = local.shared_secrets
}
