variable "external_id" {
  type        = string
  description = "What the rotation function has to present to be let in: the same as in its `accounts`."
  nullable    = false

  validation {
    condition     = length(var.external_id) >= 2 && length(var.external_id) <= 1224 && can(regex("^[A-Za-z0-9_+=,.@:/-]+$", var.external_id))
    error_message = "external_id must be as STS takes it: 2 to 1224 letters, digits and _+=,.@:/-, got ${var.external_id}."
  }
}

variable "hosted_zone_ids" {
  type        = set(string)
  description = "Hosted zones of this account whose validation records may be read and, in rotation_mode `repair` and `replace`, written. Null allows all of them. Empty allows none, because the zones live in other accounts."
  default     = null

  validation {
    condition     = alltrue([for id in coalesce(var.hosted_zone_ids, []) : can(regex("^Z[A-Z0-9]+$", id))])
    error_message = "hosted_zone_ids must hold Route 53's bare ids, which start with Z and have no /hostedzone/ before them, got ${join(", ", coalesce(var.hosted_zone_ids, []))}."
  }
}

variable "name" {
  type        = string
  description = "Name of the role."
  default     = "certificate-lifecycle-member"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_+=,.@-]{1,64}$", var.name))
    error_message = "name must be the name of an IAM role, at most 64 letters, digits and _+=,.@-, got ${var.name}."
  }
}

variable "permissions_boundary_arn" {
  type        = string
  description = "Policy that bounds the role; null sets no boundary."
  default     = null

  validation {
    condition     = var.permissions_boundary_arn == null || can(regex("^arn:aws[a-z-]*:iam::(?:[0-9]{12}|aws):policy/[!-~]+$", var.permissions_boundary_arn))
    error_message = "permissions_boundary_arn must be the ARN of an IAM policy, or null, got ${jsonencode(var.permissions_boundary_arn)}."
  }
}

variable "rebind_consumers" {
  type        = bool
  description = "Whether consumers of this account may be moved to a successor; the function's `accounts` must say so too."
  default     = false
  nullable    = false
}

variable "regions" {
  type        = set(string)
  description = "Regions whose certificates may be looked at, the `regions` of the function. Empty allows the provider's region alone."
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for region in var.regions : can(regex("^[a-z]{2,}(?:-[a-z]+)+-[0-9]+$", region))])
    error_message = "regions must hold names of AWS regions such as eu-west-1, got ${join(", ", var.regions)}."
  }
}

variable "rotation_mode" {
  type        = string
  description = "What the role allows: `notify` reads and nothing else, `repair` also restores validation, `replace` also requests successors. The function's `accounts` must say the same."
  default     = "notify"
  nullable    = false

  validation {
    condition     = contains(["notify", "repair", "replace"], var.rotation_mode)
    error_message = "rotation_mode must be notify, repair or replace, got ${var.rotation_mode}."
  }
}

variable "rotation_role_arn" {
  type        = string
  description = "The role of the rotation function, the output `rotation_role_arn` of the module: nobody else is let in."
  nullable    = false

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/[!-~]+$", var.rotation_role_arn))
    error_message = "rotation_role_arn must be the ARN of an IAM role, got ${var.rotation_role_arn}."
  }
}

variable "tags" {
  type        = map(string)
  description = "Tags of the role."
  default     = {}
  nullable    = false
}
