locals {
  # As in the root module.
  _labels      = "(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z0-9][a-z0-9-]{0,61}[a-z0-9]"
  _zone_name   = ["^.{1,253}$", "^${local._labels}$"]
  _domain_name = ["^.{1,253}$", "^(?:\\*\\.)?${local._labels}$", "\\.[0-9-]*[a-z-][a-z0-9-]*$"]
}

variable "allowed_domains" {
  type        = list(string)
  description = "Domains of the certificates that the instance issues, as in the function's `allowed_domains` or, without these, the names of its `certificates`. For other certificates, see unmanaged_rotation_mode."
  default     = []
  nullable    = false

  validation {
    condition     = alltrue(flatten([for name in var.allowed_domains : [for pattern in local._domain_name : can(regex(pattern, name))]]))
    error_message = "allowed_domains must contain lower-case domain names, optionally with a leading `*.`, got ${join(", ", var.allowed_domains)}."
  }

  validation {
    condition     = length(var.allowed_domains) > 0 || var.rotation_mode == "notify" || var.unmanaged_rotation_mode != "notify"
    error_message = "allowed_domains must not be empty if rotation_mode is ${var.rotation_mode} and unmanaged_rotation_mode is notify, because the role then allows nothing more for any certificate."
  }
}

variable "external_id" {
  type        = string
  description = "External id that the rotation function presents, as in its `accounts` or `organization`."
  nullable    = false

  validation {
    condition     = length(var.external_id) >= 2 && length(var.external_id) <= 1224 && can(regex("^[A-Za-z0-9_+=,.@:/-]+$", var.external_id))
    error_message = "external_id must have the form that STS accepts: 2 to 1224 letters, digits and _+=,.@:/-, got ${var.external_id}."
  }
}

variable "hosted_zone_ids" {
  type        = set(string)
  description = "Hosted zones of this account in which to allow reading validation records and, in rotation_mode `repair` and `replace`, writing them. Null allows all zones. Empty allows none, if the zones are in other accounts."
  default     = null

  validation {
    condition     = alltrue([for id in coalesce(var.hosted_zone_ids, []) : can(regex("^Z[A-Z0-9]+$", id))])
    error_message = "hosted_zone_ids must contain bare Route 53 ids, which start with Z and have no /hostedzone/ prefix, got ${join(", ", coalesce(var.hosted_zone_ids, []))}."
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

variable "name_prefix" {
  type        = string
  description = "Name of the instance, as in the function's `name_prefix`: the tag `ManagedBy` of the certificates that it issued."
  default     = "certificate-lifecycle"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,51}[a-z0-9]$", var.name_prefix))
    error_message = "name_prefix must have the form of the root module's, 2 to 53 lower-case letters, digits and hyphens, got ${var.name_prefix}."
  }
}

variable "permissions_boundary_arn" {
  type        = string
  description = "Permissions boundary of the role; null sets none."
  default     = null

  validation {
    condition     = var.permissions_boundary_arn == null || can(regex("^arn:aws[a-z-]*:iam::(?:[0-9]{12}|aws):policy/[!-~]+$", var.permissions_boundary_arn))
    error_message = "permissions_boundary_arn must be the ARN of an IAM policy, or null, got ${jsonencode(var.permissions_boundary_arn)}."
  }
}

variable "rebind_consumers" {
  type        = bool
  description = "Whether the role allows moving consumers of this account to a successor. The function's `accounts` or `organization` must allow it too."
  default     = false
  nullable    = false
}

variable "regions" {
  type        = set(string)
  description = "Regions with the certificates, as in the function's `regions`. Empty allows only the provider's region."
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for region in var.regions : can(regex("^[a-z]{2,}(?:-[a-z]+)+-[0-9]+$", region))])
    error_message = "regions must contain names of AWS regions such as eu-west-1, got ${join(", ", var.regions)}."
  }
}

variable "rotation_mode" {
  type        = string
  description = "Actions that the role allows for certificates that the instance issued: `notify` only reads, `repair` also restores validation, `replace` also requests successors. The function's `accounts` or `organization` must allow them too."
  default     = "notify"
  nullable    = false

  validation {
    condition     = contains(["notify", "repair", "replace"], var.rotation_mode)
    error_message = "rotation_mode must be notify, repair or replace, got ${var.rotation_mode}."
  }
}

variable "rotation_role_arn" {
  type        = string
  description = "ARN of the rotation function's role, which is the only principal that may assume this role: output `rotation_role_arn` of the root module."
  nullable    = false

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/[!-~]+$", var.rotation_role_arn))
    error_message = "rotation_role_arn must be the ARN of an IAM role, got ${var.rotation_role_arn}."
  }
}

variable "scope" {
  type = object({
    include = optional(object({
      domains = optional(list(string), [])
      tags    = optional(map(list(string)), {})
    }), {})
    exclude = optional(object({
      domains = optional(list(string), [])
      tags    = optional(map(list(string)), {})
    }), {})
    others = optional(string, "ignore")
  })
  description = "Scope of the function in this account, as in its `accounts` or `organization`. `include.domains` limits the names that unmanaged_rotation_mode allows; the role knows nothing of the rest."
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue(flatten([for name in var.scope.include.domains : [for pattern in local._zone_name : can(regex(pattern, name))]]))
    error_message = "scope must have lower-case domain names without wildcard as include.domains, got ${join(", ", var.scope.include.domains)}."
  }
}

variable "tags" {
  type        = map(string)
  description = "Tags for the role."
  default     = {}
  nullable    = false
}

variable "unmanaged_rotation_mode" {
  type        = string
  description = "Actions that the role allows for all other certificates, never more than rotation_mode. The function's `accounts` or `organization` must allow them too."
  default     = "notify"
  nullable    = false

  validation {
    condition     = contains(lookup({ notify = ["notify"], repair = ["notify", "repair"], replace = ["notify", "repair", "replace"] }, var.rotation_mode, []), var.unmanaged_rotation_mode)
    error_message = "unmanaged_rotation_mode must be notify, repair or replace and allow no more than rotation_mode (${var.rotation_mode}), got ${var.unmanaged_rotation_mode}."
  }
}
