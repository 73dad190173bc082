output "rotation_function_name" {
  description = "Name of the rotation function, which sends the events."
  value       = module.certificates.rotation_function_name
}

output "undelivered_tickets_queue_url" {
  description = "URL of the queue with the events that no ticket system accepted."
  value       = aws_sqs_queue.undelivered_tickets.url
}
