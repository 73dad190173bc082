variable "alarm_name_prefix" {
  type        = string
  description = "Name prefix of the alarms that may publish to the topic, without the hyphen that follows."
  nullable    = false
}

variable "email_addresses" {
  type        = map(string)
  description = "E-mail addresses to subscribe, by any key. Each recipient must confirm the subscription."
  nullable    = false
}

variable "key" {
  type        = object({ arn = string })
  description = "KMS key for the topic; null creates a key that alarms of this account may use."
}

variable "name" {
  type        = string
  description = "Name of the topic and of the alias of its key."
  nullable    = false
}

variable "region" {
  type        = string
  description = "The module's region."
  nullable    = false
}

variable "tags" {
  type        = map(string)
  description = "Tags for all resources."
  nullable    = false
}
