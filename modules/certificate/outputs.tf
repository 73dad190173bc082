output "certificate_arn" {
  description = "ARN of the certificate, also after a replacement; null if none was issued."
  value       = startswith(data.aws_ssm_parameter.arn.insecure_value, "arn:") ? data.aws_ssm_parameter.arn.insecure_value : null
}
