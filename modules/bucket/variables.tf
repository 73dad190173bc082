variable "force_destroy" {
  type        = bool
  description = "Whether the bucket goes with the stack although there is something in it."
  nullable    = false
}

variable "name" {
  type        = string
  description = "Name of the bucket."
  nullable    = false
}

variable "prefix" {
  type        = string
  description = "Start of the names of what is forgotten."
  nullable    = false
}

variable "retention_days" {
  type        = number
  description = "Days that an object is kept."
  nullable    = false
}

variable "tags" {
  type        = map(string)
  description = "Tags of the bucket."
  default     = {}
  nullable    = false
}
