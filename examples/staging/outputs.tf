output "certificate_arn" {
  description = "ARN of the certificate in use, also after a replacement."
  value       = module.certificates.certificate_arn
}

output "rotation_function_name" {
  description = "Name of the rotation function, for manual invocations."
  value       = module.certificates.rotation_function_name
}
