variable "description" {
  type        = string
  description = "What the rule starts, in one sentence for the console."
  nullable    = false
}

variable "event_pattern" {
  type        = string
  description = "Which events make the rule fire, as JSON; null if the clock does."
  default     = null
}

variable "function_arn" {
  type        = string
  description = "Function that the rule invokes."
  nullable    = false
}

variable "function_name" {
  type        = string
  description = "Name of the function that the rule invokes."
  nullable    = false
}

variable "name" {
  type        = string
  description = "Name of the rule."
  nullable    = false
}

variable "schedule_expression" {
  type        = string
  description = "When the rule fires: `rate()`, or `cron()` in UTC; null if events make it."
  default     = null

  validation {
    condition     = (var.schedule_expression == null) != (var.event_pattern == null)
    error_message = "Exactly one of schedule_expression and event_pattern must be given."
  }
}

variable "statement_id" {
  type        = string
  description = "Name of the permission in the function's policy; each rule needs one of its own."
  default     = "LetTheScheduleInvoke"
  nullable    = false
}

variable "tags" {
  type        = map(string)
  description = "Tags of the rule."
  nullable    = false
}
