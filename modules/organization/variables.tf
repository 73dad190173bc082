variable "account_ids" {
  type        = set(string)
  description = "Accounts to look at. Empty asks AWS Organizations for all active ones, which its management account and delegated administrators may do."
  default     = []
  nullable    = false
}

variable "alarms" {
  type        = bool
  description = "Whether an alarm tells of runs that failed."
  default     = true
  nullable    = false
}

variable "bucket_name" {
  type        = string
  description = "Bucket in which the steps of a run leave what they find, and each run its report."
  nullable    = false
}

variable "excluded_account_ids" {
  type        = set(string)
  description = "Accounts that are not looked at."
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
  description = "Accounts that are looked at side by side, each in an invocation of its own."
  nullable    = false
}

variable "name" {
  type        = string
  description = "Name of the state machine, its role and its rule."
  nullable    = false
}

variable "permissions_boundary_arn" {
  type        = string
  description = "Policy that bounds both roles; null sets no boundary."
  default     = null
}

variable "retention_days" {
  type        = number
  description = "Days that the report of a run is kept."
  default     = 90
  nullable    = false
}

variable "schedule_expression" {
  type        = string
  description = "When a run starts: `rate()` or six-field `cron()` in UTC."
  nullable    = false
}

variable "tags" {
  type        = map(string)
  description = "Tags of every resource that takes them."
  default     = {}
  nullable    = false
}

variable "tolerated_failure_percentage" {
  type        = number
  description = "Share of the accounts, in percent, that may fail before no further one is begun."
  nullable    = false
}

variable "topic_arn" {
  type        = string
  description = "Topic that the alarm tells."
  nullable    = false
}
