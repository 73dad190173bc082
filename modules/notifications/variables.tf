variable "alarm_name_prefix" {
  type        = string
  description = "Alarms whose names start with this, and a hyphen, may publish to the topic."
  nullable    = false
}

variable "email_addresses" {
  type        = set(string)
  description = "Addresses that receive each message, once their owner has confirmed the subscription."
  nullable    = false
}

variable "kms_key_arn" {
  type        = string
  description = "Key that encrypts the topic; null creates one that alarms of this account may use."
}

variable "name" {
  type        = string
  description = "Name of the topic, and of the alias of the key made for it."
  nullable    = false
}

variable "tags" {
  type        = map(string)
  description = "Tags of every resource."
  nullable    = false
}
