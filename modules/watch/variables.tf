variable "alarm_arns" {
  type        = list(string)
  description = "Further alarms that the dashboard shows."
  default     = []
  nullable    = false
}

variable "alarms" {
  type        = bool
  description = "Whether there are alarms."
  nullable    = false
}

variable "critical_hours" {
  type        = number
  description = "Hours after which an open critical finding raises an alarm; the default is three days, in which a weekend passes."
  default     = 72
  nullable    = false
}

variable "dashboard" {
  type        = bool
  description = "Whether there is a dashboard."
  nullable    = false
}

variable "function_name" {
  type        = string
  description = "Name of the rotation function."
  nullable    = false
}

variable "instance" {
  type        = string
  description = "Value of the figures' dimension `Instance`, name of the dashboard, and prefix of the alarms' names."
  nullable    = false
}

variable "log_group_name" {
  type        = string
  description = "Log group of the rotation function."
  nullable    = false
}

variable "max_silence_days" {
  type        = number
  description = "Days without a completed run after which an alarm rings, 1 to 7."
  nullable    = false
}

variable "tags" {
  type        = map(string)
  description = "Tags of every alarm."
  nullable    = false
}

variable "topic_arn" {
  type        = string
  description = "Topic that the alarms tell, and whose deliveries they watch."
  nullable    = false
}
