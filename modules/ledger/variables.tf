variable "deletion_protection" {
  type        = bool
  description = "Whether DynamoDB refuses to delete the table."
  nullable    = false
}

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
