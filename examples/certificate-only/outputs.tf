output "certificate_arn" {
  description = "ARN of the certificate in use, also after a replacement."
  value       = module.certificate.certificate_arn
}
