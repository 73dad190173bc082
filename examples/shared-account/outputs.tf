output "creation_function_name" {
  description = "Name of the platform team's creation function, for stacks that use modules/certificate."
  value       = module.platform_certificates.creation_function_name
}

output "payments_certificate_arn" {
  description = "ARN of the certificate of the payments team."
  value       = module.payments_certificates.certificate_arn
}

output "search_certificate_arn" {
  description = "ARN of the certificate of the search team."
  value       = module.search_certificates.certificate_arn
}
