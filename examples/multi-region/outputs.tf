output "certificate_arns" {
  description = "ARNs of the certificates in use by key, also after a replacement."
  value       = module.certificates.certificate_arns
}

output "rotation_function_name" {
  description = "Name of the rotation function, for manual invocations."
  value       = module.certificates.rotation_function_name
}
