variable "description" {
  type        = string
  description = "What the rule starts, in one sentence for the console."
  nullable    = false
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
  description = "When the rule fires: `rate()`, or `cron()` in UTC."
  nullable    = false
}

variable "tags" {
  type        = map(string)
  description = "Tags of the rule."
  nullable    = false
}
