# The state contains these credentials: encrypt it, and limit who reads it.

variable "jira" {
  type = object({
    url    = string # of the incoming webhook of an automation rule
    secret = string
  })
  description = "Incoming webhook of an automation rule in Jira, and its secret."
  sensitive   = true
}

variable "pagerduty_routing_key" {
  type        = string
  description = "Integration key of a service in PagerDuty, for the Events API v2."
  sensitive   = true
}

variable "servicenow" {
  type = object({
    host     = string # such as shop.service-now.com
    user     = string
    password = string
  })
  description = "Instance of ServiceNow, and a user with the role evt_mgmt_integration."
  sensitive   = true
}
