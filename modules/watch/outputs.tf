output "dashboard_url" {
  description = "URL of the dashboard in the console; null without a dashboard."
  value       = var.dashboard ? "https://${var.region}.${lookup(local._consoles, data.aws_partition.current.partition, local._consoles.aws)}/cloudwatch/home?region=${var.region}#dashboards/dashboard/${var.instance}" : null
}
