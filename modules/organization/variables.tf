variable "account_ids" {
  type        = set(string)
  description = "Accounts to scan. Empty lists all active accounts through AWS Organizations, which requires the management account or a delegated administrator."
  default     = []
  nullable    = false
}

variable "alarms" {
  type        = bool
  description = "Whether to create an alarm for failed runs."
  default     = true
  nullable    = false
}

variable "bucket_name" {
  type        = string
  description = "Name of the bucket for the results of the steps and the report of each run."
  nullable    = false
}

variable "excluded_account_ids" {
  type        = set(string)
  description = "Accounts to exclude."
  default     = []
  nullable    = false
}

variable "function_arn" {
  type        = string
  description = "ARN of the rotation function."
  nullable    = false
}

variable "function_name" {
  type        = string
  description = "Name of the rotation function."
  nullable    = false
}

variable "max_concurrency" {
  type        = number
  description = "Maximum number of accounts to scan in parallel, each in its own invocation."
  nullable    = false
}

variable "name" {
  type        = string
  description = "Name of the state machine, its role and its rule."
  nullable    = false
}

variable "permissions_boundary_arn" {
  type        = string
  description = "Permissions boundary of both roles; null sets none."
  default     = null
}

variable "region" {
  type        = string
  description = "The module's region."
  nullable    = false
}

variable "retention_days" {
  type        = number
  description = "Days to keep the results and the report of a run."
  default     = 90
  nullable    = false
}

variable "role_path" {
  type        = string
  description = "IAM path of both roles."
  default     = "/"
  nullable    = false
}

variable "schedule_expression" {
  type        = string
  description = "Schedule of the runs: `rate()` or six-field `cron()` in UTC."
  nullable    = false
}

variable "tags" {
  type        = map(string)
  description = "Tags for all resources."
  default     = {}
  nullable    = false
}

variable "tolerated_failure_percentage" {
  type        = number
  description = "Percentage of failed accounts after which no new account is started."
  nullable    = false
}

variable "topic_arn" {
  type        = string
  description = "Topic for the alarm."
  nullable    = false
}
