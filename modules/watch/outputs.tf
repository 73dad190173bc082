output "dashboard_url" {
  description = "URL of the dashboard in the console; null without a dashboard."
  value       = var.dashboard ? "${local._console}/cloudwatch/home?region=${var.region}#dashboards/dashboard/${var.instance}" : null
}
