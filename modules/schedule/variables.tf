variable "description" {
  type        = string
  description = "Description of the rule."
  nullable    = false
}

variable "event_pattern" {
  type        = string
  description = "Event pattern of the rule as JSON; null if it has a schedule."
  default     = null
}

variable "function_arn" {
  type        = string
  description = "ARN of the function to invoke."
  nullable    = false
}

variable "function_name" {
  type        = string
  description = "Name of the function to invoke."
  nullable    = false
}

variable "name" {
  type        = string
  description = "Name of the rule."
  nullable    = false
}

variable "schedule_expression" {
  type        = string
  description = "Schedule of the rule: `rate()`, or `cron()` in UTC; null if it has an event pattern."
  default     = null

  validation {
    condition     = (var.schedule_expression == null) != (var.event_pattern == null)
    error_message = "Exactly one of schedule_expression and event_pattern must be given."
  }
}

variable "statement_id" {
  type        = string
  description = "Statement id of the permission in the function's policy, unique for each rule."
  default     = "LetTheScheduleInvoke"
  nullable    = false
}

variable "tags" {
  type        = map(string)
  description = "Tags for the rule."
  nullable    = false
}
