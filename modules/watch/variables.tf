variable "alarm_arns" {
  type        = list(string)
  description = "Further alarms to show on the dashboard."
  default     = []
  nullable    = false
}

variable "alarms" {
  type        = bool
  description = "Whether to create the alarms."
  nullable    = false
}

variable "critical_hours" {
  type        = number
  description = "Hours after which an open critical finding raises an alarm. The default covers a weekend."
  default     = 72
  nullable    = false
}

variable "dashboard" {
  type        = bool
  description = "Whether to create the dashboard."
  nullable    = false
}

variable "function_name" {
  type        = string
  description = "Name of the rotation function."
  nullable    = false
}

variable "instance" {
  type        = string
  description = "Value of the metrics' dimension `Instance`, name of the dashboard, and prefix of the alarm names."
  nullable    = false
}

variable "log_group_name" {
  type        = string
  description = "Log group of the rotation function."
  nullable    = false
}

variable "max_silence_days" {
  type        = number
  description = "Days without a completed run after which an alarm fires, 1 to 7."
  nullable    = false
}

variable "region" {
  type        = string
  description = "The module's region."
  nullable    = false
}

variable "report_bucket" {
  type        = string
  description = "Bucket with the report of each run; null without reports."
  default     = null
}

variable "runbook_url" {
  type        = string
  description = "Page of the runbook that the dashboard links to; null: the dashboard only names it."
  default     = null
}

variable "tags" {
  type        = map(string)
  description = "Tags for the alarms."
  nullable    = false
}

variable "topic_arn" {
  type        = string
  description = "Topic that receives the alarms, and whose failed deliveries raise one."
  nullable    = false
}
