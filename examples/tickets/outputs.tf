output "failed_calls_queue_url" {
  description = "URL of the queue with the events that no ticket system has accepted."
  value       = aws_sqs_queue.failed.url
}

output "rotation_function_name" {
  description = "Name of the rotation function, for manual invocations."
  value       = module.certificates.rotation_function_name
}
