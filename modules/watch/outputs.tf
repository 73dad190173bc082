output "dashboard_url" {
  description = "URL of the dashboard in the console; null without a dashboard."
  value       = var.dashboard ? "https://${local.region}.${lookup(local._consoles, data.aws_partition.current.partition, local._consoles.aws)}/cloudwatch/home?region=${local.region}#dashboards/dashboard/${var.instance}" : null
}
