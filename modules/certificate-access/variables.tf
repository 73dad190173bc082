variable "account_id" {
  type        = string
  description = "Account with the certificates."
  nullable    = false
}

variable "find_zones" {
  type        = bool
  description = "Whether to allow listing the account's public hosted zones."
  nullable    = false
}

variable "partition" {
  type        = string
  description = "Partition of the account, such as `aws`."
  nullable    = false
}

variable "rebind_consumers" {
  type        = bool
  description = "Whether to allow moving consumers to a successor."
  nullable    = false
}

variable "regions" {
  type        = list(string)
  description = "Regions with the certificates."
  nullable    = false
}

variable "retire_superseded" {
  type        = bool
  description = "Whether to allow deleting replaced certificates."
  nullable    = false
}

variable "rotation_mode" {
  type        = string
  description = "Actions to allow: `notify` only reads, `repair` also restores validation, `replace` also requests successors."
  nullable    = false
}

variable "zone_arns" {
  type        = list(string)
  description = "ARNs of the hosted zones in which to allow reading validation records and, unless rotation_mode is `notify`, writing them."
  nullable    = false
}
