variable "account_id" {
  type        = string
  description = "Account whose certificates are looked after."
  nullable    = false
}

variable "find_zones" {
  type        = bool
  description = "Whether the public hosted zones of the account may be listed."
  nullable    = false
}

variable "partition" {
  type        = string
  description = "Partition of the account, such as `aws`."
  nullable    = false
}

variable "rebind_consumers" {
  type        = bool
  description = "Whether consumers may be moved to a successor."
  nullable    = false
}

variable "regions" {
  type        = list(string)
  description = "Regions whose certificates are looked after."
  nullable    = false
}

variable "retire_superseded" {
  type        = bool
  description = "Whether a certificate that was replaced may be deleted."
  nullable    = false
}

variable "rotation_mode" {
  type        = string
  description = "What may be done: `notify` reads, `repair` also mends, `replace` also requests successors."
  nullable    = false
}

variable "zone_arns" {
  type        = list(string)
  description = "ARNs of the hosted zones whose validation records may be read and, unless rotation_mode is `notify`, written."
  nullable    = false
}
