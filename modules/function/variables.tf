variable "alarms" {
  type        = bool
  description = "Whether to create alarms for errors, throttles and lost events."
  nullable    = false
}

variable "architecture" {
  type        = string
  description = "Instruction set: arm64 or x86_64."
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
  description = "Description of the function."
  nullable    = false
}

variable "environment" {
  type        = map(string)
  description = "Environment variables of the function, at most 4096 bytes in total."
  nullable    = false
}

variable "filename" {
  type        = string
  description = "Path of the deployment package."
  nullable    = false
}

variable "handler" {
  type        = string
  description = "Dotted path of the handler in the deployment package."
  nullable    = false
}

variable "kms_key_arn" {
  type        = string
  description = "KMS key for the environment and the log group; null uses keys that AWS owns."
}

variable "layers" {
  type        = list(string)
  description = "ARNs with version of the function's layers, later ones over earlier ones."
  default     = []
  nullable    = false
}

variable "log_retention_days" {
  type        = number
  description = "Days to keep log events; 0 keeps them indefinitely."
  nullable    = false
}

variable "maximum_retry_attempts" {
  type        = number
  description = "Number of times that Lambda retries a failed asynchronous invocation, 0 to 2, before it sends the event to the topic."
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
  description = "Name of the function, its role and its policy, and prefix of its log group and alarms."
  nullable    = false
}

variable "permissions_boundary_arn" {
  type        = string
  description = "Permissions boundary of the role; null sets none."
}

variable "policy_json" {
  type        = string
  description = "IAM policy document with the permissions of the function, in addition to its logs and the topic."
  nullable    = false
}

variable "reserved_concurrency" {
  type        = number
  description = "Reserved and maximum concurrency of the function; null sets neither."
}

variable "role_path" {
  type        = string
  description = "IAM path of the role."
  nullable    = false
}

variable "tags" {
  type        = map(string)
  description = "Tags for all resources."
  nullable    = false
}

variable "timeout_seconds" {
  type        = number
  description = "Timeout of an invocation in seconds. The default is Lambda's maximum, for waits on issuance and for large accounts."
  default     = 900
  nullable    = false
}

variable "topic_arn" {
  type        = string
  description = "Topic for failed events and alarms."
  nullable    = false
}

variable "topic_kms_key_arn" {
  type        = string
  description = "Customer managed key of the topic; null if it has none."
}

variable "vpc" {
  type = object({
    security_group_ids = set(string)
    subnet_ids         = set(string)
  })
  description = "Subnets and security groups of the function; null runs it outside a VPC."
}
