variable "force_destroy" {
  type        = bool
  description = "Whether to destroy the bucket even if it contains objects."
  nullable    = false
}

variable "name" {
  type        = string
  description = "Name of the bucket."
  nullable    = false
}

variable "prefix" {
  type        = string
  description = "Prefix of the objects to delete after `retention_days`."
  nullable    = false
}

variable "retention_days" {
  type        = number
  description = "Days to keep an object."
  nullable    = false
}

variable "tags" {
  type        = map(string)
  description = "Tags for the bucket."
  default     = {}
  nullable    = false
}
