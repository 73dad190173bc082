variable "alarms" {
  type        = bool
  description = "Whether alarms watch what becomes of the function's invocations."
  nullable    = false
}

variable "counts_subscriptions" {
  type        = bool
  description = "Whether the function may count the subscriptions of the topic."
  default     = false
  nullable    = false
}

variable "description" {
  type        = string
  description = "What the function does, in one sentence for the console."
  nullable    = false
}

variable "environment" {
  type        = map(string)
  description = "Environment variables of the function, at most 4096 bytes in all."
  nullable    = false
}

variable "filename" {
  type        = string
  description = "Path of the deployment package."
  nullable    = false
}

variable "handler" {
  type        = string
  description = "Dotted path of the handler within the deployment package."
  nullable    = false
}

variable "kms_key_arn" {
  type        = string
  description = "Key that encrypts the environment and the log group; null leaves them to keys that AWS owns."
}

variable "log_retention_days" {
  type        = number
  description = "Days that log events are kept; 0 keeps them for ever."
  nullable    = false
}

variable "maximum_retry_attempts" {
  type        = number
  description = "How often Lambda repeats a failed asynchronous invocation, 0 to 2, before the event goes to the topic."
  nullable    = false
}

variable "memory_mb" {
  type        = number
  description = "Memory of the function in MB, which also sets its share of a processor."
  default     = 256
  nullable    = false
}

variable "name" {
  type        = string
  description = "Name of the function, its role and its policy, and stem of its log group and alarm."
  nullable    = false
}

variable "permissions_boundary_arn" {
  type        = string
  description = "Policy that bounds the function's role; null sets no boundary."
}

variable "policy_json" {
  type        = string
  description = "IAM policy document with what this function may do beyond writing its logs and publishing to the topic."
  nullable    = false
}

variable "reserved_concurrency" {
  type        = number
  description = "Executions reserved for the function and its most at one time; null reserves and limits nothing."
}

variable "tags" {
  type        = map(string)
  description = "Tags of every resource."
  nullable    = false
}

variable "timeout_seconds" {
  type        = number
  description = "Seconds after which Lambda ends an invocation; the default is the most that Lambda allows, as issuance may be waited for and an estate may be large."
  default     = 900
  nullable    = false
}

variable "topic_arn" {
  type        = string
  description = "Topic that hears of events that failed three times, and of alarms."
  nullable    = false
}

variable "topic_kms_key_arn" {
  type        = string
  description = "Customer key that encrypts the topic; null when none does."
}
