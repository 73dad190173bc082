variable "account_id" {
  type        = string
  description = "Account with the certificates."
  nullable    = false
}

variable "allowed_domains" {
  type        = list(string)
  description = "Domains of the certificates that the instance issues; a plain name includes the names below it. Empty: it issues none."
  nullable    = false
}

variable "find_zones" {
  type        = bool
  description = "Whether to allow listing the account's public hosted zones."
  nullable    = false
}

variable "include_domains" {
  type        = list(string)
  description = "Domains of the scope, each with the names below it, which limit what unmanaged_rotation_mode allows. Empty: any domain."
  nullable    = false
}

variable "name_prefix" {
  type        = string
  description = "Name of the instance, which is the tag `ManagedBy` of the certificates that it issues."
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
  description = "Actions to allow for the certificates that the instance issued: `notify` only reads, `repair` also restores validation, `replace` also requests successors."
  nullable    = false
}

variable "unmanaged_rotation_mode" {
  type        = string
  description = "The same for all other certificates, never more than rotation_mode."
  nullable    = false
}

variable "zone_arns" {
  type        = list(string)
  description = "ARNs of the hosted zones in which to allow reading validation records and, if a mode repairs, writing them."
  nullable    = false
}
