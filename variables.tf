# Patterns of several validations, in lists: with a failing condition, Terraform prints the text of a local value, but of a list only its length.
# The tables in tests/data list accepted and rejected values, for these validations and for the functions' configuration.
locals {
  # ACM's pattern for RequestCertificate's DomainName, in lower case. The last pattern refuses IP addresses, which ACM rejects: their last label has only digits.
  _labels      = "(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z0-9][a-z0-9-]{0,61}[a-z0-9]"
  _zone_name   = ["^.{1,253}$", "^${local._labels}$"]
  _domain_name = ["^.{1,253}$", "^(?:\\*\\.)?${local._labels}$", "\\.[0-9-]*[a-z-][a-z0-9-]*$"]

  # The fields of a cron expression that may restrict a schedule: values, ranges, steps and lists.
  _cron_items = [
    for value in ["[0-5]?[0-9]", "[01]?[0-9]|2[0-3]", "[1-7]|SUN|MON|TUE|WED|THU|FRI|SAT"] :
    "(?:\\*|(?:${value})(?:-(?:${value}))?)(?:/[1-9][0-9]*)?"
  ]
  _cron_lists = [for item in local._cron_items : "(?:${item}(?:,${item})*)"]
  # EventBridge requires `?` in exactly one of the two day fields. Day of the month, month and year must be open, so that each week has a run.
  _cron       = ["^cron\\(${local._cron_lists[0]} ${local._cron_lists[1]} (?:\\* \\* \\?|\\? \\* ${local._cron_lists[2]}) \\*\\)$"]
  _cron_daily = [" \\* \\* \\? \\*\\)$", " \\? \\* \\* \\*\\)$"]
  # At most seven days.
  _rate = [
    "^rate\\(1 (?:minute|hour|day)\\)$",
    "^rate\\([2-7] days\\)$",
    "^rate\\((?:[2-9]|[1-9][0-9]|1[0-5][0-9]|16[0-8]) hours\\)$",
    "^rate\\((?:[2-9]|[1-9][0-9]{1,3}|100[0-7][0-9]|10080) minutes\\)$",
  ]

  # The modes that a mode includes.
  _modes = {
    notify  = ["notify"]
    repair  = ["notify", "repair"]
    replace = ["notify", "repair", "replace"]
  }
}

variable "accounts" {
  type = list(object({
    account_id       = string
    external_id      = string                     # what the role's trust policy requires
    rebind_consumers = optional(bool, false)      # never more than the module's own
    role_name        = string                     # of modules/member-account, with its path and without a leading slash
    rotation_mode    = optional(string, "notify") # never more than the module's own
    # As the module's own scope.
    scope = optional(object({
      include = optional(object({
        domains = optional(list(string), [])
        tags    = optional(map(list(string)), {})
      }), {})
      exclude = optional(object({
        domains = optional(list(string), [])
        tags    = optional(map(list(string)), {})
      }), {})
      others = optional(string, "ignore")
    }), {})
    unmanaged_rotation_mode = optional(string, "notify") # never more than rotation_mode
  }))
  description = "Other accounts to monitor, in the same regions."
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for account in var.accounts : can(regex("^[0-9]{12}$", account.account_id))])
    error_message = "accounts must give each account_id as twelve digits, got ${join(", ", var.accounts[*].account_id)}."
  }

  validation {
    condition     = length(var.accounts) == length(distinct(var.accounts[*].account_id))
    error_message = "accounts must name each account once, got ${join(", ", var.accounts[*].account_id)}."
  }

  validation {
    condition     = alltrue([for account in var.accounts : can(regex("^(?:[!-~]+/)?[A-Za-z0-9_+=,.@-]{1,64}$", account.role_name))])
    error_message = "accounts must give each role_name as the name of an IAM role, with its path and without a leading slash, got ${join(", ", var.accounts[*].role_name)}."
  }

  validation {
    condition     = alltrue([for account in var.accounts : length(account.external_id) >= 2 && length(account.external_id) <= 1224 && can(regex("^[A-Za-z0-9_+=,.@:/-]+$", account.external_id))])
    error_message = "accounts must give each external_id in the form that STS accepts: 2 to 1224 letters, digits and _+=,.@:/-, got ${join(", ", var.accounts[*].external_id)}."
  }

  validation {
    condition     = alltrue([for account in var.accounts : contains(lookup(local._modes, account.rotation_mode, []), account.unmanaged_rotation_mode)])
    error_message = "accounts must give each rotation_mode as notify, repair or replace, and an unmanaged_rotation_mode that allows no more, got ${join(", ", [for account in var.accounts : "${account.rotation_mode} and ${account.unmanaged_rotation_mode}"])}."
  }

  validation {
    condition = alltrue(flatten([for scope in var.accounts[*].scope : [
      contains(["ignore", "report"], scope.others),
      [for name in concat(scope.include.domains, scope.exclude.domains) : [for pattern in local._zone_name : can(regex(pattern, name))]],
      [for tags in [scope.include.tags, scope.exclude.tags] : [for key, values in tags : length(values) > 0 && alltrue([
        for text in concat([key], [for value in values : value if value != "*"]) : can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]*$", text))
      ])]],
    ]]))
    error_message = "accounts with a scope must have lower-case names without wildcard as domains, lists of at least one value as tags (\"*\" for any), and ignore or report as others, got ${jsonencode(var.accounts[*].scope)}."
  }
}

variable "allowed_domains" {
  type        = list(string)
  description = "Domains that the functions may request certificates for: a name allows itself and all names below it, `*.` and a name only those below it; empty allows the names of the declared certificates and all names below them."
  default     = []
  nullable    = false

  validation {
    condition     = alltrue(flatten([for name in var.allowed_domains : [for pattern in local._domain_name : can(regex(pattern, name))]]))
    error_message = "allowed_domains must contain lower-case domain names of at most 253 characters, each with at most one leading `*.` and no scheme, path or trailing dot, got ${join(", ", var.allowed_domains)}."
  }

  validation {
    condition     = length(var.allowed_domains) == length(distinct(var.allowed_domains))
    error_message = "allowed_domains must not contain a domain twice, got ${join(", ", var.allowed_domains)}."
  }

  validation {
    # The `www.` name of include_www is below its domain name, so an entry for the domain name covers it.
    condition = length(var.allowed_domains) == 0 || alltrue([
      for name in compact(flatten([var.domain_name, var.subject_alternative_names, values(var.certificates)[*].domain_name, values(var.certificates)[*].subject_alternative_names])) : anytrue([
        for domain in var.allowed_domains :
        name == domain && !startswith(domain, "*.") || endswith(name, ".${trimprefix(domain, "*.")}")
      ])
    ])
    error_message = "allowed_domains must be empty or cover all names of the declared certificates (${join(", ", compact(flatten([var.domain_name, var.subject_alternative_names, values(var.certificates)[*].domain_name, values(var.certificates)[*].subject_alternative_names])))}), got ${join(", ", var.allowed_domains)}."
  }
}

variable "certificates" {
  type = map(object({
    domain_name               = string
    subject_alternative_names = optional(list(string), [])
    include_www               = optional(bool, false)        # also `www.` and the domain name, unless that is a wildcard or starts with `www.`
    key_algorithm             = optional(string, "RSA_2048") # or EC_prime256v1, EC_secp384r1
    region                    = optional(string)             # null: the module's own; us-east-1 for CloudFront
    certificate_authority_arn = optional(string)             # private CA in the same region; null: a public certificate
    root_hierarchy_type       = optional(string)             # Amazon N2: N2_AMAZON_MANAGED or N2_SFG2_AMAZON_MANAGED; null: a standard certificate
    certificate_usage         = optional(string)             # Amazon N2: CLIENT_AND_SERVER_AUTH (null) or CLIENT_AUTH_ONLY
    exportable                = optional(bool, false)        # public only; has a cost, and cannot be changed later
    tags                      = optional(map(string), {})    # in addition to the module's tags
    on_destroy                = optional(string, "keep")     # or delete
  }))
  description = "Certificates to issue, by a key that names their outputs and SSM parameters; `main` is the certificate of `domain_name`, if that is set."
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for key in keys(var.certificates) : can(regex("^[A-Za-z0-9_.-]{1,64}$", key))])
    error_message = "certificates must have keys of 1 to 64 letters, digits and _.-, because they become names of SSM parameters, got ${join(", ", keys(var.certificates))}."
  }

  validation {
    condition     = var.domain_name == null || !contains(keys(var.certificates), "main")
    error_message = "certificates must not have the key main if domain_name is set, because main is the certificate of domain_name (${coalesce(var.domain_name, "null")}), got ${join(", ", keys(var.certificates))}."
  }

  validation {
    condition = alltrue(flatten([
      for certificate in values(var.certificates) : [
        for name in concat([certificate.domain_name], certificate.subject_alternative_names) : [for pattern in local._domain_name : can(regex(pattern, name))]
      ]
    ]))
    error_message = "certificates must have lower-case domain names of at most 253 characters, each with at most one leading `*.` and no scheme, port, path or trailing dot, got ${join(", ", flatten([for certificate in values(var.certificates) : concat([certificate.domain_name], certificate.subject_alternative_names)]))}."
  }

  validation {
    condition = alltrue([
      for certificate in values(var.certificates) :
      length(distinct(concat([certificate.domain_name], certificate.subject_alternative_names))) == 1 + length(certificate.subject_alternative_names)
    ])
    error_message = "certificates must not contain a name twice in one certificate, got ${join(", ", flatten([for certificate in values(var.certificates) : concat([certificate.domain_name], certificate.subject_alternative_names)]))}."
  }

  validation {
    condition = alltrue([
      for certificate in values(var.certificates) : anytrue([
        for name in concat([certificate.domain_name], certificate.subject_alternative_names) : length(name) <= 64
      ])
    ])
    error_message = "certificates must each have a name of at most 64 characters, because the common name of a certificate has this limit, got ${join(", ", values(var.certificates)[*].domain_name)}."
  }

  validation {
    condition     = alltrue([for certificate in values(var.certificates) : length(certificate.subject_alternative_names) + (certificate.include_www ? 2 : 1) <= 100])
    error_message = "certificates must each have at most 100 names, with domain_name and the name of include_www, got ${join(", ", [for certificate in values(var.certificates) : length(certificate.subject_alternative_names) + (certificate.include_www ? 2 : 1)])}."
  }

  validation {
    condition     = alltrue([for certificate in values(var.certificates) : contains(["EC_prime256v1", "EC_secp384r1", "RSA_2048"], certificate.key_algorithm)])
    error_message = "certificates must give each key_algorithm as EC_prime256v1, EC_secp384r1 or RSA_2048, got ${join(", ", values(var.certificates)[*].key_algorithm)}."
  }

  validation {
    condition     = alltrue([for certificate in values(var.certificates) : certificate.region == null || can(regex("^[a-z]{2,}(?:-[a-z]+)+-[0-9]+$", certificate.region))])
    error_message = "certificates must give each region as the name of an AWS region such as us-east-1, or leave it out, got ${join(", ", [for certificate in values(var.certificates) : jsonencode(certificate.region)])}."
  }

  validation {
    condition     = alltrue([for certificate in values(var.certificates) : certificate.certificate_authority_arn == null || can(regex("^arn:aws[a-z-]*:acm-pca:[a-z0-9-]+:[0-9]{12}:certificate-authority/[0-9a-f-]{36}$", certificate.certificate_authority_arn))])
    error_message = "certificates must give each certificate_authority_arn as the ARN of a private CA, or leave it out, got ${join(", ", [for certificate in values(var.certificates) : jsonencode(certificate.certificate_authority_arn)])}."
  }

  validation {
    condition = alltrue([
      for certificate in values(var.certificates) :
      contains(["N2_AMAZON_MANAGED", "N2_SFG2_AMAZON_MANAGED"], coalesce(certificate.root_hierarchy_type, "N2_AMAZON_MANAGED")) &&
      contains(["CLIENT_AND_SERVER_AUTH", "CLIENT_AUTH_ONLY"], coalesce(certificate.certificate_usage, "CLIENT_AUTH_ONLY")) &&
      (certificate.root_hierarchy_type == null ? certificate.certificate_usage == null : certificate.certificate_authority_arn == null) &&
      !(coalesce(certificate.root_hierarchy_type, "null") == "N2_SFG2_AMAZON_MANAGED" && coalesce(certificate.certificate_usage, "null") == "CLIENT_AUTH_ONLY")
    ])
    error_message = "certificates must give each root_hierarchy_type as N2_AMAZON_MANAGED or N2_SFG2_AMAZON_MANAGED without certificate_authority_arn, and certificate_usage, only with it, as CLIENT_AND_SERVER_AUTH or, with N2_AMAZON_MANAGED, CLIENT_AUTH_ONLY, got ${join(", ", [for certificate in values(var.certificates) : "${jsonencode(certificate.root_hierarchy_type)} with ${jsonencode(certificate.certificate_usage)}"])}."
  }

  validation {
    condition     = alltrue([for certificate in values(var.certificates) : contains(["delete", "keep"], certificate.on_destroy)])
    error_message = "certificates must give each on_destroy as keep or delete, got ${join(", ", values(var.certificates)[*].on_destroy)}."
  }
}

variable "create" {
  type        = bool
  description = "Whether to create any resources."
  default     = true
  nullable    = false
}

variable "domain_name" {
  type        = string
  description = "Domain name of the certificate `main`, in lower case and ASCII (`xn--`), with at most one leading `*.`; null if this instance only watches, or all certificates are in `certificates`."
  default     = null

  validation {
    condition     = var.domain_name == null || alltrue([for pattern in local._domain_name : can(regex(pattern, var.domain_name))])
    error_message = "domain_name must be a lower-case domain name of at most 253 characters, with at most one leading `*.` and no scheme, port, path or trailing dot, or null, got ${coalesce(var.domain_name, "null")}."
  }
}

variable "expiration_threshold_days" {
  type        = number
  description = "Days before expiry at which a certificate without automatic renewal is reported, at most the share `thresholds.lifetime_fraction` of its lifetime."
  default     = 30
  nullable    = false

  validation {
    condition = (
      floor(var.expiration_threshold_days) == var.expiration_threshold_days
      && var.expiration_threshold_days >= 1 && var.expiration_threshold_days <= 365
    )
    error_message = "expiration_threshold_days must be a whole number between 1 and 365, got ${var.expiration_threshold_days}."
  }
}

variable "export_targets" {
  type = map(object({
    passphrase_secret_arn = string                # contains the passphrase that encrypts the private key
    renew_public          = optional(bool, false) # renew a public certificate at expiration_threshold_days, too; each time has a cost
    secret_arn            = string                # receives the certificate, its chain and the encrypted private key
  }))
  description = "Secrets that receive exportable certificates of this account after each renewal, by certificate ARN."
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for arn in keys(var.export_targets) : can(regex("^arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/[A-Za-z0-9-]+$", arn))])
    error_message = "export_targets must have ARNs of ACM certificates as keys, got ${join(", ", keys(var.export_targets))}."
  }

  validation {
    # With the six characters that Secrets Manager appends to a name, because IAM matches the complete ARN.
    condition     = alltrue([for arn in concat(values(var.export_targets)[*].secret_arn, values(var.export_targets)[*].passphrase_secret_arn) : can(regex("^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]+-[A-Za-z0-9]{6}$", arn))])
    error_message = "export_targets must give each secret_arn and passphrase_secret_arn as the complete ARN of a secret, including the six characters at its end, got ${join(", ", concat(values(var.export_targets)[*].secret_arn, values(var.export_targets)[*].passphrase_secret_arn))}."
  }

  validation {
    condition = length(setintersection(
      values(var.export_targets)[*].secret_arn,
      values(var.export_targets)[*].passphrase_secret_arn,
    )) == 0 && length(var.export_targets) == length(distinct(values(var.export_targets)[*].secret_arn))
    error_message = "export_targets must give each certificate a different secret_arn that is not used as a passphrase_secret_arn, or one value would overwrite another, got ${join(", ", values(var.export_targets)[*].secret_arn)}."
  }

  validation {
    condition = length(setintersection(
      values(var.export_targets)[*].secret_arn,
      values(var.import_sources)[*].secret_arn,
    )) == 0
    error_message = "export_targets must not use a secret_arn of import_sources, because the functions must not be able to read exported keys, got ${join(", ", values(var.export_targets)[*].secret_arn)}."
  }

  validation {
    # Lambda limits all environment variables together to 4 KB. import_sources has its own validation.
    condition     = length(var.export_targets) == 0 || length(jsonencode(var.export_targets)) + length(jsonencode(var.import_sources)) <= 3500
    error_message = "export_targets must fit into the function's environment together with import_sources: 3500 characters, or about nine targets without sources, got ${length(var.export_targets)} targets and ${length(var.import_sources)} sources with ${length(jsonencode(var.export_targets)) + length(jsonencode(var.import_sources))} characters."
  }
}

variable "function" {
  type = object({
    architecture         = optional(string, "arm64")          # or x86_64, which a layer with binaries may need
    kms_key              = optional(object({ arn = string })) # encrypts environment and logs; its policy must let CloudWatch Logs of the region use it; null: keys that AWS owns
    layers               = optional(list(string), [])         # up to five ARNs with version, such as a newer boto3
    log_retention_days   = optional(number, 365)              # 0: indefinitely
    permissions_boundary = optional(object({ arn = string })) # of all roles
    reserved_concurrency = optional(number)                   # of each function, which is also its maximum; null: none
    role_path            = optional(string, "/")              # of all roles
    vpc = optional(object({
      subnet_ids         = set(string)
      security_group_ids = set(string)
    }))
    kms_key_arn              = optional(string) # renamed to kms_key = { arn }
    permissions_boundary_arn = optional(string) # renamed to permissions_boundary = { arn }
  })
  description = "Settings of both functions and their roles."
  default     = {}
  nullable    = false

  validation {
    condition     = var.function.kms_key_arn == null && var.function.permissions_boundary_arn == null
    error_message = "function must have kms_key = { arn } instead of kms_key_arn, and permissions_boundary = { arn } instead of permissions_boundary_arn."
  }

  validation {
    condition     = contains(["arm64", "x86_64"], var.function.architecture)
    error_message = "function.architecture must be arm64 or x86_64, got ${var.function.architecture}."
  }

  validation {
    condition     = var.function.kms_key == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.function.kms_key.arn))
    error_message = "function.kms_key must have the ARN of a KMS key, not of an alias, got ${jsonencode(one(var.function.kms_key[*].arn))}."
  }

  validation {
    condition     = length(var.function.layers) <= 5 && alltrue([for arn in var.function.layers : can(regex("^arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:layer:[A-Za-z0-9_-]{1,140}:[0-9]+$", arn))])
    error_message = "function.layers must contain at most five ARNs of layer versions, which end in the number of a version, got ${join(", ", var.function.layers)}."
  }

  validation {
    # Lambda refuses two versions of one layer.
    condition     = length(distinct([for arn in var.function.layers : trimsuffix(arn, element(split(":", arn), 7))])) == length(var.function.layers)
    error_message = "function.layers must contain one version of each layer, got ${join(", ", var.function.layers)}."
  }

  validation {
    condition = contains(
      [0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653],
      var.function.log_retention_days,
    )
    error_message = "function.log_retention_days must be a retention of CloudWatch Logs: 0 (indefinitely), 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653, got ${var.function.log_retention_days}."
  }

  validation {
    condition     = var.function.permissions_boundary == null || can(regex("^arn:aws[a-z-]*:iam::(?:[0-9]{12}|aws):policy/[!-~]+$", var.function.permissions_boundary.arn))
    error_message = "function.permissions_boundary must have the ARN of an IAM policy, got ${jsonencode(one(var.function.permissions_boundary[*].arn))}."
  }

  validation {
    condition     = var.function.reserved_concurrency == null || try(floor(var.function.reserved_concurrency) == var.function.reserved_concurrency && var.function.reserved_concurrency >= 1, false)
    error_message = "function.reserved_concurrency must be a whole number of at least 1, or null, got ${jsonencode(var.function.reserved_concurrency)}."
  }

  validation {
    condition     = can(regex("^/(?:[!-.0-~]+/)*$", var.function.role_path)) && length(var.function.role_path) <= 512
    error_message = "function.role_path must be an IAM path that begins and ends with a slash, got ${var.function.role_path}."
  }

  validation {
    condition     = var.function.vpc == null || try(length(var.function.vpc.subnet_ids) >= 1 && length(var.function.vpc.security_group_ids) >= 1, false)
    error_message = "function.vpc must have at least one of subnet_ids and one of security_group_ids, got ${jsonencode(var.function.vpc)}."
  }
}

variable "hosted_zones" {
  type = map(object({
    role_arn = optional(string) # role to assume for a zone of another account
    zone_id  = string
  }))
  description = "Public hosted zones for validation records, by zone name, and no others; empty uses all public zones of this account."
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue(flatten([for name in keys(var.hosted_zones) : [for pattern in local._zone_name : can(regex(pattern, name))]]))
    error_message = "hosted_zones must have lower-case zone names without wildcard or trailing dot as keys, got ${join(", ", keys(var.hosted_zones))}."
  }

  validation {
    condition     = alltrue([for zone in values(var.hosted_zones) : can(regex("^Z[A-Z0-9]+$", zone.zone_id))])
    error_message = "hosted_zones must give each zone_id as the bare Route 53 id, which starts with Z and has no /hostedzone/ prefix, got ${join(", ", values(var.hosted_zones)[*].zone_id)}."
  }

  validation {
    condition     = length(var.hosted_zones) == length(distinct(values(var.hosted_zones)[*].zone_id))
    error_message = "hosted_zones must give each zone a different zone_id, got ${join(", ", values(var.hosted_zones)[*].zone_id)}."
  }

  validation {
    condition = alltrue([
      for zone in values(var.hosted_zones) :
      zone.role_arn == null || can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/[!-~]+$", zone.role_arn))
    ])
    error_message = "hosted_zones must give each role_arn as the ARN of an IAM role, or leave it out, got ${join(", ", [for zone in values(var.hosted_zones) : jsonencode(zone.role_arn)])}."
  }
}

variable "import_sources" {
  type = map(object({
    allow               = optional(set(string), []) # fewer_names, no_chain, other_issuer: what a newer version may lack or change
    kms_key_arn         = optional(string)          # customer managed key of the secret, if it has one
    require_client_auth = optional(bool, false)     # refuse a version that clients cannot present
    secret_arn          = string
  }))
  description = "Secrets from which newer versions of imported certificates are imported, by certificate ARN; not in `rotation_mode` `notify`."
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for arn in keys(var.import_sources) : can(regex("^arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/[A-Za-z0-9-]+$", arn))])
    error_message = "import_sources must have ARNs of ACM certificates as keys, got ${join(", ", keys(var.import_sources))}."
  }

  validation {
    condition     = alltrue([for arn in values(var.import_sources)[*].secret_arn : can(regex("^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]+-[A-Za-z0-9]{6}$", arn))])
    error_message = "import_sources must give each secret_arn as the complete ARN of a secret, including the six characters at its end, got ${join(", ", values(var.import_sources)[*].secret_arn)}."
  }

  validation {
    condition = alltrue([
      for source in values(var.import_sources) :
      source.kms_key_arn == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", source.kms_key_arn))
    ])
    error_message = "import_sources must give each kms_key_arn as the ARN of a KMS key, not of an alias, or leave it out, got ${join(", ", [for source in values(var.import_sources) : jsonencode(source.kms_key_arn)])}."
  }

  validation {
    condition     = alltrue([for source in values(var.import_sources) : length(setsubtract(source.allow, ["fewer_names", "no_chain", "other_issuer"])) == 0])
    error_message = "import_sources must give each allow as a set of fewer_names, no_chain and other_issuer, got ${join(", ", [for source in values(var.import_sources) : jsonencode(source.allow)])}."
  }

  validation {
    # Lambda limits all environment variables together to 4 KB.
    condition     = length(jsonencode(var.import_sources)) <= 3500
    error_message = "import_sources must fit into the function's environment: 3500 characters, or about 13 entries, got ${length(var.import_sources)} entries with ${length(jsonencode(var.import_sources))} characters."
  }
}

variable "issue_on_apply" {
  type        = bool
  description = "Whether an apply issues the certificates and waits for them, which needs a public hosted zone for their names."
  default     = true
  nullable    = false

  validation {
    # Without issue_on_apply, Terraform destroys the invocations, as it does for a removed certificate.
    condition     = var.issue_on_apply || alltrue([for certificate in values(var.certificates) : certificate.on_destroy == "keep"])
    error_message = "issue_on_apply must be true with on_destroy = \"delete\", because false would delete these certificates: apply on_destroy = \"keep\" first. Got ${join(", ", [for key, certificate in var.certificates : "${key} with ${certificate.on_destroy}"])}."
  }
}

variable "limits" {
  type = object({
    changes_per_run  = optional(number, 25) # certificates to change in one account and region; if a run would change more, it changes none there
    requests_per_day = optional(number, 20) # successors in one account and region
  })
  description = "Limits of what the rotation function changes; above them it only reports."
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for limit in values(var.limits) : floor(limit) == limit && limit >= 1 && limit <= 10000])
    error_message = "limits must be whole numbers between 1 and 10000, got changes_per_run ${var.limits.changes_per_run} and requests_per_day ${var.limits.requests_per_day}."
  }
}

variable "monitoring" {
  type = object({
    alarms           = optional(bool, true)
    dashboard        = optional(bool, true)
    max_silence_days = optional(number, 2) # days without a completed scheduled run until an alarm; at least the time between two runs, 7 for a schedule with days of the week
    public_dns = optional(object({
      enabled   = optional(bool, true)                                                                           # compare delegations, DNSSEC and CAA records with public DNS
      resolvers = optional(list(string), ["https://dns.google/resolve", "https://cloudflare-dns.com/dns-query"]) # HTTPS URLs of two resolvers that validate DNSSEC and answer in JSON
    }), {})
    summary_after_days = optional(number, 7) # days without a message until a summary is sent; 0: never
    tls_probe = optional(object({
      enabled           = optional(bool, false) # compare certificates with those that their names serve
      private_addresses = optional(bool, false) # also names that resolve to private addresses; needs function.vpc
    }), {})
  })
  description = "Alarms, dashboard, summaries, queries to public DNS and TLS probes."
  default     = {}
  nullable    = false

  validation {
    condition     = floor(var.monitoring.max_silence_days) == var.monitoring.max_silence_days && var.monitoring.max_silence_days >= 1 && var.monitoring.max_silence_days <= 7
    error_message = "monitoring.max_silence_days must be a whole number between 1 and 7, the longest evaluation range of a CloudWatch alarm, got ${var.monitoring.max_silence_days}."
  }

  validation {
    condition = !var.monitoring.alarms || var.monitoring.max_silence_days >= 7 || (
      anytrue([for pattern in local._rate : can(regex(pattern, var.schedule_expression))])
      ? tonumber(regex("[0-9]+", var.schedule_expression)) <= var.monitoring.max_silence_days * { minute = 1440, hour = 24, day = 1 }[regex("minute|hour|day", var.schedule_expression)]
      : anytrue([for pattern in local._cron_daily : can(regex(pattern, var.schedule_expression))])
    )
    error_message = "monitoring.max_silence_days must be at least the time between two runs of schedule_expression, or the alarm fires between runs: set it to 7 for a schedule with days of the week, got ${var.monitoring.max_silence_days} and ${var.schedule_expression}."
  }

  validation {
    condition = length(var.monitoring.public_dns.resolvers) == 2 && alltrue([
      for url in var.monitoring.public_dns.resolvers :
      can(regex("^https://(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\\.)*[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?::[1-9][0-9]{0,4})?/[A-Za-z0-9._~/-]*$", url))
      && tonumber(try(regex(":([0-9]+)/", url)[0], "443")) <= 65535
    ]) && length(distinct([for url in var.monitoring.public_dns.resolvers : lower(try(regex("^https://([^/:]+)", url)[0], ""))])) == 2
    error_message = "monitoring.public_dns.resolvers must be the HTTPS URLs of two resolvers with different hosts, without user, query and fragment, because only an answer that both give counts, got [${join(", ", [for url in var.monitoring.public_dns.resolvers : jsonencode(url)])}]."
  }

  validation {
    condition     = floor(var.monitoring.summary_after_days) == var.monitoring.summary_after_days && var.monitoring.summary_after_days >= 0 && var.monitoring.summary_after_days <= 365
    error_message = "monitoring.summary_after_days must be a whole number between 0 and 365, got ${var.monitoring.summary_after_days}."
  }

  validation {
    condition     = !var.monitoring.tls_probe.private_addresses || var.monitoring.tls_probe.enabled && var.function.vpc != null
    error_message = "monitoring.tls_probe must be enabled, and function.vpc must be set, if private_addresses is true, because a function outside a VPC reaches no private address, got enabled = ${var.monitoring.tls_probe.enabled}."
  }
}

variable "name_prefix" {
  type        = string
  description = "Prefix of all resource names and value of the tag `ManagedBy` on certificates, different for each instance in an account."
  default     = "certificate-lifecycle"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]*[a-z0-9]$", var.name_prefix))
    error_message = "name_prefix must have at least two characters, start with a lower-case letter, contain only lower-case letters, digits and hyphens, and not end with a hyphen, got ${var.name_prefix}."
  }

  validation {
    condition     = length("${var.name_prefix}-acm-events") <= 64
    error_message = "name_prefix must have at most 53 characters, because names of rules allow 64 and the longest suffix is `-acm-events`, got ${var.name_prefix} with ${length(var.name_prefix)}."
  }

  validation {
    condition     = !can(regex("^(?:aws|ssm)", var.name_prefix)) || var.domain_name == null && length(var.certificates) == 0
    error_message = "name_prefix must not start with aws or ssm if certificates are declared, because SSM refuses parameters whose names start with these, got ${var.name_prefix}."
  }
}

variable "notifications" {
  type = object({
    email_addresses = optional(map(string), {})                                          # subscribers of the created topic by any key; each must confirm
    event_bus       = optional(object({ name = string }))                                # of this account and region; receives events
    key             = optional(object({ arn = string }))                                 # of the created topic; null: the module creates one. Its policy must let cloudwatch.amazonaws.com use it
    owner_tag       = optional(string, "Owner")                                          # key of the tag with the owner of a certificate, case-insensitive
    runbook_url     = optional(string)                                                   # page of your copy of docs/runbook.md, to which messages and the dashboard link; null: they only name it
    security_hub    = optional(bool, false)                                              # send findings to Security Hub, which must be enabled
    topic           = optional(object({ arn = string, kms_key_arn = optional(string) })) # existing topic with its customer managed key; null: the module creates one. Its policy must let alarms publish
    event_bus_name  = optional(string)                                                   # renamed to event_bus = { name }
    kms_key_arn     = optional(string)                                                   # renamed to key = { arn } or topic = { kms_key_arn }
    topic_arn       = optional(string)                                                   # renamed to topic = { arn }
  })
  description = "Where to send notifications."
  default     = {}
  nullable    = false

  validation {
    condition     = var.notifications.event_bus_name == null && var.notifications.kms_key_arn == null && var.notifications.topic_arn == null
    error_message = "notifications must have topic = { arn, kms_key_arn } instead of topic_arn, key = { arn } instead of kms_key_arn for the created topic, and event_bus = { name } instead of event_bus_name."
  }

  validation {
    condition     = var.notifications.topic == null || can(regex("^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}$", var.notifications.topic.arn))
    error_message = "notifications.topic must have the ARN of a standard SNS topic, because alarms and failure destinations do not support FIFO topics, got ${jsonencode(one(var.notifications.topic[*].arn))}."
  }

  validation {
    condition     = var.notifications.topic == null || var.notifications.key == null && length(var.notifications.email_addresses) == 0
    error_message = "notifications must have no key and no email_addresses with a topic, because the module does not change an existing topic, got topic ${jsonencode(one(var.notifications.topic[*].arn))} with email_addresses ${join(", ", values(var.notifications.email_addresses))}."
  }

  validation {
    condition     = alltrue([for address in values(var.notifications.email_addresses) : can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", address))])
    error_message = "notifications.email_addresses must contain e-mail addresses, got ${join(", ", values(var.notifications.email_addresses))}."
  }

  validation {
    condition     = alltrue([for key in [one(var.notifications.key[*].arn), one(var.notifications.topic[*].kms_key_arn)] : key == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", key))])
    error_message = "notifications must name KMS keys by their ARN, not by an alias, got key ${jsonencode(one(var.notifications.key[*].arn))} and topic.kms_key_arn ${jsonencode(one(var.notifications.topic[*].kms_key_arn))}."
  }

  validation {
    condition     = var.notifications.event_bus == null || can(regex("^[A-Za-z0-9._-]{1,256}$", var.notifications.event_bus.name))
    error_message = "notifications.event_bus must have the name of an event bus of this account and region, not an ARN and not a partner event bus, got ${jsonencode(one(var.notifications.event_bus[*].name))}."
  }

  validation {
    condition     = can(regex("^[A-Za-z0-9_ .:/=+@-]{1,128}$", var.notifications.owner_tag))
    error_message = "notifications.owner_tag must be the key of a tag, 1 to 128 letters, digits, spaces and _.:/=+@-, got ${var.notifications.owner_tag}."
  }

  validation {
    condition     = var.notifications.runbook_url == null || can(regex("^https://(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\\.)*[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?::[1-9][0-9]{0,4})?/[A-Za-z0-9._~/-]*$", var.notifications.runbook_url))
    error_message = "notifications.runbook_url must be an HTTPS URL without user, query and fragment, got ${jsonencode(var.notifications.runbook_url)}."
  }
}

variable "organization" {
  type = object({
    account_ids          = optional(set(string), []) # empty: all active accounts, which requires the management account or a delegated administrator
    excluded_account_ids = optional(set(string), [])
    external_id          = string               # what the roles' trust policies require
    max_concurrency      = optional(number, 25) # accounts to scan at a time
    organization_id      = string
    rebind_consumers     = optional(bool, false)      # never more than the module's own
    role_name            = string                     # of modules/member-account in every account, with its path and without a leading slash
    rotation_mode        = optional(string, "notify") # never more than the module's own
    # As the module's own scope.
    scope = optional(object({
      include = optional(object({
        domains = optional(list(string), [])
        tags    = optional(map(list(string)), {})
      }), {})
      exclude = optional(object({
        domains = optional(list(string), [])
        tags    = optional(map(list(string)), {})
      }), {})
      others = optional(string, "ignore")
    }), {})
    tolerated_failure_percentage = optional(number, 100)      # of failed accounts, after which no new one is started
    unmanaged_rotation_mode      = optional(string, "notify") # never more than rotation_mode
  })
  description = "AWS Organization to monitor, each account in an invocation of its own, with one message about all; null monitors only this account and `accounts`."
  default     = null

  validation {
    condition     = alltrue([for id in concat(tolist(try(var.organization.account_ids, [])), tolist(try(var.organization.excluded_account_ids, []))) : can(regex("^[0-9]{12}$", id))])
    error_message = "organization must give account_ids and excluded_account_ids as twelve digits each, got ${join(", ", concat(tolist(try(var.organization.account_ids, [])), tolist(try(var.organization.excluded_account_ids, []))))}."
  }

  validation {
    condition     = var.organization == null || can(regex("^o-[a-z0-9]{10,32}$", var.organization.organization_id))
    error_message = "organization must give organization_id as the id of an organization, such as o-a1b2c3d4e5, got ${try(var.organization.organization_id, "null")}."
  }

  validation {
    condition     = var.organization == null || can(regex("^(?:[!-~]+/)?[A-Za-z0-9_+=,.@-]{1,64}$", var.organization.role_name))
    error_message = "organization must give role_name as the name of an IAM role, with its path and without a leading slash, got ${try(var.organization.role_name, "null")}."
  }

  validation {
    condition     = var.organization == null || try(length(var.organization.external_id) >= 2 && length(var.organization.external_id) <= 1224 && can(regex("^[A-Za-z0-9_+=,.@:/-]+$", var.organization.external_id)), false)
    error_message = "organization must give external_id in the form that STS accepts: 2 to 1224 letters, digits and _+=,.@:/-, got ${try(var.organization.external_id, "null")}."
  }

  validation {
    condition     = var.organization == null || try(contains(lookup(local._modes, var.organization.rotation_mode, []), var.organization.unmanaged_rotation_mode), false)
    error_message = "organization must give rotation_mode as notify, repair or replace, and an unmanaged_rotation_mode that allows no more, got ${try(var.organization.rotation_mode, "null")} and ${try(var.organization.unmanaged_rotation_mode, "null")}."
  }

  validation {
    condition = alltrue(flatten([for scope in var.organization[*].scope : [
      contains(["ignore", "report"], scope.others),
      [for name in concat(scope.include.domains, scope.exclude.domains) : [for pattern in local._zone_name : can(regex(pattern, name))]],
      [for tags in [scope.include.tags, scope.exclude.tags] : [for key, values in tags : length(values) > 0 && alltrue([
        for text in concat([key], [for value in values : value if value != "*"]) : can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]*$", text))
      ])]],
    ]]))
    error_message = "organization with a scope must have lower-case names without wildcard as domains, lists of at least one value as tags (\"*\" for any), and ignore or report as others, got ${jsonencode(var.organization[*].scope)}."
  }

  validation {
    condition     = try(floor(var.organization.max_concurrency) == var.organization.max_concurrency && var.organization.max_concurrency >= 1 && var.organization.max_concurrency <= 10000, var.organization == null)
    error_message = "organization must give max_concurrency as a whole number between 1 and 10000, got ${try(var.organization.max_concurrency, "null")}."
  }

  validation {
    condition     = try(var.organization.tolerated_failure_percentage >= 0 && var.organization.tolerated_failure_percentage <= 100, var.organization == null)
    error_message = "organization must give tolerated_failure_percentage as a number between 0 and 100, got ${try(var.organization.tolerated_failure_percentage, "null")}."
  }

  validation {
    condition     = var.organization == null || var.function.reserved_concurrency == null || try(var.organization.max_concurrency <= var.function.reserved_concurrency, false)
    error_message = "organization must give a max_concurrency of at most function.reserved_concurrency, got max_concurrency ${try(var.organization.max_concurrency, "null")} and reserved_concurrency ${jsonencode(var.function.reserved_concurrency)}."
  }

  # The bucket's name has the longest suffix.
  validation {
    condition     = var.organization == null || length(var.name_prefix) <= 45
    error_message = "organization must have a name_prefix of at most 45 characters, because a bucket name allows 63 and the suffix is `-runs-` and the account id, got ${var.name_prefix} with ${length(var.name_prefix)}."
  }
}

variable "rebind_consumers" {
  type        = bool
  description = "Whether to move the consumers of a certificate to its successor: load balancer listeners, CloudFront distributions and their tenants, and domain names of API Gateway, Cognito and Amplify."
  default     = false
  nullable    = false

  validation {
    condition     = !var.rebind_consumers || var.rotation_mode == "replace"
    error_message = "rebind_consumers must be false unless rotation_mode is `replace`, because no other mode requests successors, got ${var.rotation_mode}."
  }
}

variable "regions" {
  type        = set(string)
  description = "Regions to monitor, in this account and in each of `accounts`, in addition to those of `certificates`; empty adds the functions' own region."
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for region in var.regions : can(regex("^[a-z]{2,}(?:-[a-z]+)+-[0-9]+$", region))])
    error_message = "regions must contain names of AWS regions such as eu-west-1, got ${join(", ", var.regions)}."
  }
}

variable "report" {
  type = object({
    bucket_name    = string # to create; a bucket that contains reports cannot be destroyed
    retention_days = optional(number, 365)
  })
  description = "S3 bucket to create for the report of each run, as HTML, CSV and JSON; null writes no reports."
  default     = null

  validation {
    condition     = var.report == null || can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.report.bucket_name))
    error_message = "report.bucket_name must have 3 to 63 lower-case letters, digits and hyphens, no hyphen at either end and no dot, which the TLS certificate of S3 does not cover, got ${jsonencode(one(var.report[*].bucket_name))}."
  }

  validation {
    condition     = var.report == null || try(floor(var.report.retention_days) == var.report.retention_days && var.report.retention_days >= 1, false)
    error_message = "report.retention_days must be a whole number of at least 1, got ${jsonencode(one(var.report[*].retention_days))}."
  }
}

variable "retire_superseded_after_days" {
  type        = number
  description = "Days after which a replaced certificate is deleted, if it is not in use, was not imported and its successor is valid; null deletes nothing."
  default     = null

  validation {
    condition = (
      var.retire_superseded_after_days == null
      || try(floor(var.retire_superseded_after_days) == var.retire_superseded_after_days && var.retire_superseded_after_days >= 1 && var.retire_superseded_after_days <= 365, false)
    )
    error_message = "retire_superseded_after_days must be a whole number between 1 and 365, or null, got ${jsonencode(var.retire_superseded_after_days)}."
  }

  validation {
    condition     = var.retire_superseded_after_days == null || var.rotation_mode == "replace"
    error_message = "retire_superseded_after_days must be null unless rotation_mode is `replace`, because no other mode replaces certificates, got ${var.rotation_mode}."
  }
}

variable "rotation_mode" {
  type        = string
  description = "Actions on certificates that this instance issued: `notify` only reports, `repair` also restores validation records, imports and exports, and `replace` also requests successors for those that cannot be renewed."
  default     = "replace"
  nullable    = false

  validation {
    condition     = contains(["notify", "repair", "replace"], var.rotation_mode)
    error_message = "rotation_mode must be `notify`, `repair` or `replace`, got ${var.rotation_mode}."
  }
}

variable "schedule_expression" {
  type        = string
  description = "Schedule of the rotation function, at least weekly: `rate()` of at most seven days, or six-field `cron()` in UTC that restricts only minutes, hours and days of the week."
  default     = "rate(1 day)"
  nullable    = false

  validation {
    condition     = anytrue([for pattern in concat(local._rate, local._cron) : can(regex(pattern, var.schedule_expression))])
    error_message = "schedule_expression must run at least weekly: `rate()` of at most 7 days, such as `rate(1 day)` or `rate(12 hours)`, or six-field `cron()` that restricts no day of the month, month or year, such as `cron(0 6 * * ? *)` or `cron(0 6 ? * MON *)`, got ${var.schedule_expression}."
  }
}

variable "scope" {
  type = object({
    # What the instance reports and may change, besides the certificates that it issued.
    include = optional(object({
      domains = optional(list(string), [])      # equal or below; all names of a certificate must match
      tags    = optional(map(list(string)), {}) # each key must have one of its values; ["*"]: any value
    }), {})
    exclude = optional(object({
      domains = optional(list(string), [])      # equal or below; one name is enough
      tags    = optional(map(list(string)), {}) # one key is enough
    }), {})
    others = optional(string, "ignore") # certificates outside the scope: ignore, or report
  })
  description = "Certificates that this instance is responsible for; empty covers all certificates."
  default     = {}
  nullable    = false

  validation {
    condition = alltrue(flatten([for scope in [var.scope] : [
      contains(["ignore", "report"], scope.others),
      [for name in concat(scope.include.domains, scope.exclude.domains) : [for pattern in local._zone_name : can(regex(pattern, name))]],
      [for tags in [scope.include.tags, scope.exclude.tags] : [for key, values in tags : length(values) > 0 && alltrue([
        for text in concat([key], [for value in values : value if value != "*"]) : can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]*$", text))
      ])]],
    ]]))
    error_message = "scope must have lower-case names without wildcard as domains, lists of at least one value as tags (\"*\" for any), and ignore or report as others, got ${jsonencode(var.scope)}."
  }
}

variable "state_table" {
  type = object({
    deletion_protection = optional(bool, false) # must be false again before a destroy
  })
  description = "Settings of the DynamoDB table with sent notifications and open replacements."
  default     = {}
  nullable    = false
}

variable "subject_alternative_names" {
  type        = list(string)
  description = "Additional names of the certificate `main`, in the form of `domain_name`; ACM's default quota is 10 names for a certificate."
  default     = []
  nullable    = false

  validation {
    condition     = alltrue(flatten([for name in var.subject_alternative_names : [for pattern in local._domain_name : can(regex(pattern, name))]]))
    error_message = "subject_alternative_names must contain lower-case domain names of at most 253 characters, each with at most one leading `*.` and no scheme, port, path or trailing dot, got ${join(", ", var.subject_alternative_names)}."
  }

  validation {
    condition     = length(distinct(concat([var.domain_name], var.subject_alternative_names))) == 1 + length(var.subject_alternative_names)
    error_message = "subject_alternative_names must not contain a name twice, or repeat domain_name (${coalesce(var.domain_name, "null")}), got ${join(", ", var.subject_alternative_names)}."
  }

  validation {
    condition     = var.domain_name != null || length(var.subject_alternative_names) == 0
    error_message = "subject_alternative_names must be empty if domain_name is null, because they are names of its certificate, got ${join(", ", var.subject_alternative_names)}."
  }

  # Here and not at domain_name, because two validations that refer to each other's variable are a cycle.
  validation {
    condition = var.domain_name == null || anytrue([
      for name in compact(concat([var.domain_name], var.subject_alternative_names)) : length(name) <= 64
    ])
    error_message = "subject_alternative_names must contain a name of at most 64 characters if domain_name is longer, because the common name of a certificate has this limit, got ${coalesce(var.domain_name, "null")} and ${join(", ", var.subject_alternative_names)}."
  }

  validation {
    condition     = length(var.subject_alternative_names) <= 99
    error_message = "subject_alternative_names must contain at most 99 names, because a certificate has at most 100, got ${length(var.subject_alternative_names)}."
  }
}

variable "tags" {
  type        = map(string)
  description = "Tags for all resources and certificates, in addition to the provider's default tags."
  default     = {}
  nullable    = false
}

variable "thresholds" {
  type = object({
    critical_days           = optional(number, 7)    # days before expiry at which an open problem is critical; at least the time between two runs and two hours
    lifetime_fraction       = optional(number, 0.33) # maximum share of a certificate's lifetime that expiration_threshold_days covers
    critical_threshold_days = optional(number)       # renamed to critical_days
    threshold_fraction      = optional(number)       # renamed to lifetime_fraction
  })
  description = "Further thresholds beside `expiration_threshold_days`."
  default     = {}
  nullable    = false

  validation {
    condition     = var.thresholds.critical_threshold_days == null && var.thresholds.threshold_fraction == null
    error_message = "thresholds must have critical_days instead of critical_threshold_days, and lifetime_fraction instead of threshold_fraction."
  }

  validation {
    condition     = floor(var.thresholds.critical_days) == var.thresholds.critical_days && var.thresholds.critical_days >= 1
    error_message = "thresholds.critical_days must be a whole number of at least 1, got ${var.thresholds.critical_days}."
  }

  validation {
    condition     = var.thresholds.critical_days < var.expiration_threshold_days
    error_message = "thresholds.critical_days must be less than expiration_threshold_days (${var.expiration_threshold_days}), got ${var.thresholds.critical_days}."
  }

  validation {
    condition     = var.thresholds.lifetime_fraction > 0 && var.thresholds.lifetime_fraction <= 1
    error_message = "thresholds.lifetime_fraction must be more than 0 and at most 1, got ${var.thresholds.lifetime_fraction}."
  }
}

variable "unmanaged_rotation_mode" {
  type        = string
  description = "Actions on certificates that this instance did not issue, as in `rotation_mode` and never more."
  default     = "notify"
  nullable    = false

  validation {
    condition     = contains(lookup(local._modes, var.rotation_mode, []), var.unmanaged_rotation_mode)
    error_message = "unmanaged_rotation_mode must be `notify`, `repair` or `replace` and allow no more than rotation_mode (${var.rotation_mode}), got ${var.unmanaged_rotation_mode}."
  }
}
