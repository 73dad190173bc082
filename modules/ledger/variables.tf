variable "name" {
  type        = string
  description = "Name of the table."
  nullable    = false
}

variable "tags" {
  type        = map(string)
  description = "Tags for the table."
  nullable    = false
}
