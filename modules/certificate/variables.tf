variable "certificate_authority_arn" {
  type        = string
  description = "ARN of a private CA that issues the certificate; null requests a public certificate."
  default     = null
}

variable "certificate_usage" {
  type        = string
  description = "Usage of an Amazon N2 certificate: `CLIENT_AND_SERVER_AUTH` (null) or, with `N2_AMAZON_MANAGED`, `CLIENT_AUTH_ONLY`."
  default     = null

  validation {
    condition = var.certificate_usage == null ? true : (
      var.root_hierarchy_type != null &&
      contains(var.root_hierarchy_type == "N2_AMAZON_MANAGED" ? ["CLIENT_AND_SERVER_AUTH", "CLIENT_AUTH_ONLY"] : ["CLIENT_AND_SERVER_AUTH"], var.certificate_usage)
    )
    error_message = "certificate_usage must be left out without root_hierarchy_type, or be CLIENT_AND_SERVER_AUTH or, with N2_AMAZON_MANAGED, CLIENT_AUTH_ONLY, got ${jsonencode(var.certificate_usage)} with ${jsonencode(var.root_hierarchy_type)}."
  }
}

variable "creation_function_name" {
  type        = string
  description = "Name of the creation function: output `creation_function_name` of the root module."
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]*-creation$", var.creation_function_name))
    error_message = "creation_function_name must be the name of a creation function, `NAME_PREFIX-creation`, got ${var.creation_function_name}."
  }
}

variable "domain_name" {
  type        = string
  description = "Domain name of the certificate."
  nullable    = false
}

variable "exportable" {
  type        = bool
  description = "Whether a public certificate can be exported, which costs money and cannot be changed later."
  default     = false
  nullable    = false
}

variable "include_www" {
  type        = bool
  description = "Whether to add `www.` to the domain name."
  default     = false
  nullable    = false
}

variable "key_algorithm" {
  type        = string
  description = "Key algorithm: `RSA_2048`, `EC_prime256v1` or `EC_secp384r1`."
  default     = "RSA_2048"
  nullable    = false

  validation {
    condition     = contains(["RSA_2048", "EC_prime256v1", "EC_secp384r1"], var.key_algorithm)
    error_message = "key_algorithm must be RSA_2048, EC_prime256v1 or EC_secp384r1, got ${var.key_algorithm}."
  }
}

variable "name" {
  type        = string
  description = "Name of the certificate in its SSM parameter `/NAME_PREFIX/certificates/NAME/arn`, unique among the certificates of the creation function."
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_.-]{1,64}$", var.name))
    error_message = "name must have 1 to 64 letters, digits, dots, hyphens and underscores, got ${var.name}."
  }
}

variable "on_destroy" {
  type        = string
  description = "What destroying does to the certificate: `keep`, or `delete` as soon as nothing uses it, if the instance itself declares a certificate with `delete`."
  default     = "keep"
  nullable    = false

  validation {
    condition     = contains(["keep", "delete"], var.on_destroy)
    error_message = "on_destroy must be keep or delete, got ${var.on_destroy}."
  }
}

variable "region" {
  type        = string
  description = "Region of the certificate, such as us-east-1 for CloudFront; null: the region of the creation function."
  default     = null
}

variable "root_hierarchy_type" {
  type        = string
  description = "Root of an Amazon N2 certificate: `N2_AMAZON_MANAGED` or `N2_SFG2_AMAZON_MANAGED`; null requests a standard certificate."
  default     = null

  validation {
    condition     = var.root_hierarchy_type == null ? true : contains(["N2_AMAZON_MANAGED", "N2_SFG2_AMAZON_MANAGED"], var.root_hierarchy_type) && var.certificate_authority_arn == null
    error_message = "root_hierarchy_type must be N2_AMAZON_MANAGED or N2_SFG2_AMAZON_MANAGED, without certificate_authority_arn, got ${jsonencode(var.root_hierarchy_type)}."
  }
}

variable "subject_alternative_names" {
  type        = set(string)
  description = "Other names of the certificate."
  default     = []
  nullable    = false
}

variable "tags" {
  type        = map(string)
  description = "Tags for the certificate and its parameter, beside the `default_tags` of the provider."
  default     = {}
  nullable    = false
}
