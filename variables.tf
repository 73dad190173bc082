# Patterns that several validations share. The tables in tests/data list accepted and rejected values, for these validations and for the functions' configuration.
locals {
  # ACM's pattern for RequestCertificate's DomainName, in lower case and without look-ahead, which RE2 lacks.
  _plain_name  = "(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z0-9][a-z0-9-]{0,61}[a-z0-9]"
  _domain_name = "^(?:\\*\\.)?${local._plain_name}$"

  # A name whose last label has only digits is an IP address. ACM's pattern accepts it; ACM rejects it.
  _ip_address = "\\.[0-9]+$"

  # The fields of a cron expression that may restrict a schedule: values, ranges, steps and lists.
  _cron_values = {
    minutes = "(?:[0-5]?[0-9])"
    hours   = "(?:[01]?[0-9]|2[0-3])"
    weekday = "(?:[1-7]|SUN|MON|TUE|WED|THU|FRI|SAT)"
  }
  _cron_items = {
    for field, value in local._cron_values :
    field => "(?:\\*|${value}(?:-${value})?)(?:/[1-9][0-9]*)?"
  }
  _cron_lists = {
    for field, item in local._cron_items : field => "(?:${item}(?:,${item})*)"
  }
  # EventBridge requires `?` in exactly one of the two day fields. Day of the month, month and year must be open, so that each week has a run.
  _cron       = "^cron\\(${local._cron_lists.minutes} ${local._cron_lists.hours} (?:\\* \\* \\?|\\? \\* ${local._cron_lists.weekday}) \\*\\)$"
  _cron_daily = " (?:\\* \\* \\?|\\? \\* \\*) \\*\\)$"
  # At most seven days: 168 hours or 10080 minutes.
  _rate = "^rate\\((?:1 (?:minute|hour|day)|[2-7] days|(?:[2-9]|[1-9][0-9]|1[0-5][0-9]|16[0-8]) hours|(?:[2-9]|[1-9][0-9]{1,3}|100[0-7][0-9]|10080) minutes)\\)$"

  _certificate_arn = "^arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/[A-Za-z0-9-]+$"
  # With the six characters that Secrets Manager appends to a name, because IAM matches the complete ARN.
  _secret_arn = "^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]+-[A-Za-z0-9]{6}$"

  _kms_key_arn = "^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$"
}

variable "accounts" {
  type = list(object({
    account_id       = string
    external_id      = string
    rebind_consumers = optional(bool, false)
    role_name        = string
    rotation_mode    = optional(string, "notify")
  }))
  description = "Other accounts to monitor, in the same regions. Each entry has the name (path included) and the external id of the role from `modules/member-account`. `rotation_mode` and `rebind_consumers` limit the actions in that account and never exceed the module's own settings. Replaced certificates in these accounts are not deleted."
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
    condition     = alltrue([for account in var.accounts : contains(["notify", "repair", "replace"], account.rotation_mode)])
    error_message = "accounts must give each rotation_mode as notify, repair or replace, got ${join(", ", var.accounts[*].rotation_mode)}."
  }
}

variable "alarms" {
  type        = bool
  description = "Whether to create CloudWatch alarms that notify the topic: a function fails, no run completes for `max_silence_days`, a message is not delivered, the topic has no subscriber, or a critical finding stays open for three days. See `docs/alarms.md`. Without alarms, nothing reports a schedule that stopped."
  default     = true
  nullable    = false
}

variable "allowed_domains" {
  type        = list(string)
  description = "Domains that the creation function may issue for. An entry allows that name and all names below it; an entry that starts with `*.` allows only the names below it. The function and the IAM condition `acm:DomainNames` both enforce the list. Empty allows `domain_name`, the alternative names, and the names below them."
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for name in var.allowed_domains : length(name) <= 253 && can(regex(local._domain_name, name)) && !can(regex(local._ip_address, name))])
    error_message = "allowed_domains must contain lower-case domain names of at most 253 characters, each with at most one leading `*.` and no scheme, path or trailing dot, got ${join(", ", var.allowed_domains)}."
  }

  validation {
    condition     = length(var.allowed_domains) == length(distinct(var.allowed_domains))
    error_message = "allowed_domains must not contain a domain twice, got ${join(", ", var.allowed_domains)}."
  }

  validation {
    # The `www.` name of include_www is below domain_name, so an entry for domain_name covers it.
    condition = length(var.allowed_domains) == 0 || alltrue([
      for name in concat([var.domain_name], var.subject_alternative_names) : anytrue([
        for domain in var.allowed_domains :
        name == domain && !startswith(domain, "*.") || endswith(name, ".${trimprefix(domain, "*.")}")
      ])
    ])
    error_message = "allowed_domains must be empty or cover domain_name (${var.domain_name}) and every one of subject_alternative_names (${join(", ", var.subject_alternative_names)}), or the creation function cannot succeed, got ${join(", ", var.allowed_domains)}."
  }
}

variable "create" {
  type        = bool
  description = "Whether to create any resources."
  default     = true
  nullable    = false
}

variable "critical_threshold_days" {
  type        = number
  description = "Days before expiry at which an open problem becomes critical."
  default     = 7
  nullable    = false

  validation {
    condition     = floor(var.critical_threshold_days) == var.critical_threshold_days && var.critical_threshold_days >= 1
    error_message = "critical_threshold_days must be a whole number of at least 1, got ${var.critical_threshold_days}."
  }

  validation {
    condition     = var.critical_threshold_days < var.expiration_threshold_days
    error_message = "critical_threshold_days must be less than expiration_threshold_days (${var.expiration_threshold_days}), got ${var.critical_threshold_days}."
  }
}

variable "dashboard" {
  type        = bool
  description = "Whether to create a CloudWatch dashboard with open findings, the next expiry and completed runs."
  default     = true
  nullable    = false
}

variable "domain_name" {
  type        = string
  description = "Domain name of the certificate that the creation function issues, in lower case, with at most one leading `*.`. Write international names in their ASCII form (`xn--`)."
  nullable    = false

  validation {
    condition     = length(var.domain_name) <= 253 && can(regex(local._domain_name, var.domain_name)) && !can(regex(local._ip_address, var.domain_name))
    error_message = "domain_name must be a lower-case domain name of at most 253 characters, with at most one leading `*.` and no scheme, port, path or trailing dot, got ${var.domain_name}."
  }
}

variable "expiration_threshold_days" {
  type        = number
  description = "Days before expiry at which a certificate without automatic renewal is reported. Limited to `threshold_fraction` of the certificate's lifetime."
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
    passphrase_secret_arn = string
    renew_public          = optional(bool, false)
    secret_arn            = string
  }))
  description = "Exportable certificates of this account to write to Secrets Manager after each renewal, by certificate ARN. `secret_arn` receives the certificate, its chain and the encrypted private key; `passphrase_secret_arn` contains the passphrase of the key. Private certificates are renewed at `expiration_threshold_days`; with `renew_public`, public ones are too if ACM has not renewed them, which has a cost each time."
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for arn in keys(var.export_targets) : can(regex(local._certificate_arn, arn))])
    error_message = "export_targets must have ARNs of ACM certificates as keys, got ${join(", ", keys(var.export_targets))}."
  }

  validation {
    condition = alltrue([
      for target in values(var.export_targets) : can(regex(local._secret_arn, target.secret_arn))
    ])
    error_message = "export_targets must give each secret_arn as the complete ARN of a secret, including the six characters at its end, got ${join(", ", values(var.export_targets)[*].secret_arn)}."
  }

  validation {
    condition = alltrue([
      for target in values(var.export_targets) : can(regex(local._secret_arn, target.passphrase_secret_arn))
    ])
    error_message = "export_targets must give each passphrase_secret_arn as the complete ARN of a secret, including the six characters at its end, got ${join(", ", values(var.export_targets)[*].passphrase_secret_arn)}."
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
    condition     = length(var.export_targets) == 0 || length(jsonencode(var.export_targets)) + length(jsonencode({ for arn, source in var.import_sources : arn => { for name, value in { allow = length(source.allow) == 0 ? null : source.allow, require_client_auth = source.require_client_auth ? true : null, secret_arn = source.secret_arn } : name => value if value != null } })) <= 3000
    error_message = "export_targets must fit into the function's environment together with import_sources: 3000 characters, or about nine targets without sources, got ${length(var.export_targets)} targets and ${length(var.import_sources)} sources with ${length(jsonencode(var.export_targets)) + length(jsonencode({ for arn, source in var.import_sources : arn => { for name, value in { allow = length(source.allow) == 0 ? null : source.allow, require_client_auth = source.require_client_auth ? true : null, secret_arn = source.secret_arn } : name => value if value != null } }))} characters."
  }
}

variable "hosted_zones" {
  type = map(object({
    role_arn = optional(string)
    zone_id  = string
  }))
  description = "Public hosted zones for validation records, by zone name. `role_arn` is the role to assume for a zone in another account. If set, the functions can use only these zones. If empty, they discover the public zones of this account."
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for name in keys(var.hosted_zones) : length(name) <= 253 && can(regex("^${local._plain_name}$", name))])
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
    allow               = optional(set(string), [])
    kms_key_arn         = optional(string)
    require_client_auth = optional(bool, false)
    secret_arn          = string
  }))
  description = "Secrets Manager secrets from which the rotation function reimports certificates, by the ARN of the imported certificate; not in `rotation_mode` `notify`. See docs/situations.md for the secret, `allow` and `require_client_auth`; `kms_key_arn` is the customer managed key of the secret, if it has one."
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for arn in keys(var.import_sources) : can(regex(local._certificate_arn, arn))])
    error_message = "import_sources must have ARNs of ACM certificates as keys, got ${join(", ", keys(var.import_sources))}."
  }

  validation {
    condition = alltrue([
      for source in values(var.import_sources) :
      can(regex(local._secret_arn, source.secret_arn))
    ])
    error_message = "import_sources must give each secret_arn as the complete ARN of a secret, including the six characters at its end, got ${join(", ", values(var.import_sources)[*].secret_arn)}."
  }

  validation {
    condition = alltrue([
      for source in values(var.import_sources) :
      source.kms_key_arn == null || can(regex(local._kms_key_arn, source.kms_key_arn))
    ])
    error_message = "import_sources must give each kms_key_arn as the ARN of a KMS key, not of an alias, or leave it out, got ${join(", ", [for source in values(var.import_sources) : jsonencode(source.kms_key_arn)])}."
  }

  validation {
    condition     = alltrue([for source in values(var.import_sources) : length(setsubtract(source.allow, ["fewer_names", "no_chain", "other_issuer"])) == 0])
    error_message = "import_sources must give each allow as a set of fewer_names, no_chain and other_issuer, got ${join(", ", [for source in values(var.import_sources) : jsonencode(source.allow)])}."
  }

  validation {
    # Lambda limits all environment variables together to 4 KB.
    condition     = length(jsonencode({ for arn, source in var.import_sources : arn => { for name, value in { allow = length(source.allow) == 0 ? null : source.allow, require_client_auth = source.require_client_auth ? true : null, secret_arn = source.secret_arn } : name => value if value != null } })) <= 3000
    error_message = "import_sources must fit into the function's environment: 3000 characters, or about 13 entries, got ${length(var.import_sources)} entries with ${length(jsonencode({ for arn, source in var.import_sources : arn => { for name, value in { allow = length(source.allow) == 0 ? null : source.allow, require_client_auth = source.require_client_auth ? true : null, secret_arn = source.secret_arn } : name => value if value != null } }))} characters."
  }
}

variable "include_www" {
  type        = bool
  description = "Whether the certificate also covers `www.<domain_name>`. Ignored if `domain_name` is a wildcard or starts with `www.`. That name needs a known hosted zone for its validation."
  default     = true
  nullable    = false
}

variable "key_algorithm" {
  type        = string
  description = "Key algorithm of the certificate: `RSA_2048`, `EC_prime256v1` or `EC_secp384r1`. All AWS services support `RSA_2048`; CloudFront rejects `EC_secp384r1`."
  default     = "RSA_2048"
  nullable    = false

  validation {
    condition     = contains(["EC_prime256v1", "EC_secp384r1", "RSA_2048"], var.key_algorithm)
    error_message = "key_algorithm must be `EC_prime256v1`, `EC_secp384r1` or `RSA_2048`, got ${var.key_algorithm}."
  }
}

variable "kms_key_arn" {
  type        = string
  description = "KMS key for the functions' environment variables and log groups. Its policy must let CloudWatch Logs of the region use the key. Null uses keys that AWS owns."
  default     = null

  validation {
    condition     = var.kms_key_arn == null || can(regex(local._kms_key_arn, var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a KMS key, not of an alias, or null, got ${jsonencode(var.kms_key_arn)}."
  }
}

variable "layers" {
  type        = list(string)
  description = "ARNs with version of up to five Lambda layers for both functions, in the module's region; for example with a newer boto3, see docs/replacement.md."
  default     = []
  nullable    = false

  validation {
    condition     = length(var.layers) <= 5 && alltrue([for arn in var.layers : can(regex("^arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:layer:[A-Za-z0-9_-]{1,140}:[0-9]+$", arn))])
    error_message = "layers must contain at most five ARNs of layer versions, which end in the number of a version, got ${join(", ", var.layers)}."
  }

  validation {
    # Lambda refuses two versions of one layer.
    condition     = length(distinct([for arn in var.layers : trimsuffix(arn, element(split(":", arn), 7))])) == length(var.layers)
    error_message = "layers must contain one version of each layer, got ${join(", ", var.layers)}."
  }
}

variable "log_retention_days" {
  type        = number
  description = "Days to keep the functions' logs. 0 keeps them indefinitely."
  default     = 365
  nullable    = false

  validation {
    condition = contains(
      [0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653],
      var.log_retention_days,
    )
    error_message = "log_retention_days must be a retention of CloudWatch Logs: 0 (indefinitely), 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653, got ${var.log_retention_days}."
  }
}

variable "max_silence_days" {
  type        = number
  description = "Days without a completed scheduled run after which the alarm `<name_prefix>-runs-missing` fires. Must be at least the time between two runs of `schedule_expression`; a schedule with days of the week needs 7."
  default     = 2
  nullable    = false

  validation {
    condition     = floor(var.max_silence_days) == var.max_silence_days && var.max_silence_days >= 1 && var.max_silence_days <= 7
    error_message = "max_silence_days must be a whole number between 1 and 7, the longest evaluation range of a CloudWatch alarm, got ${var.max_silence_days}."
  }

  validation {
    condition = !var.alarms || var.max_silence_days >= 7 || (
      can(regex(local._rate, var.schedule_expression))
      ? tonumber(regex("[0-9]+", var.schedule_expression)) <= var.max_silence_days * { minute = 1440, hour = 24, day = 1 }[regex("minute|hour|day", var.schedule_expression)]
      : !can(regex(local._cron, var.schedule_expression)) || can(regex(local._cron_daily, var.schedule_expression))
    )
    error_message = "max_silence_days must be at least the time between two runs of schedule_expression, or the alarm fires between runs: set it to 7 for a schedule with days of the week, got max_silence_days ${var.max_silence_days} and schedule_expression ${var.schedule_expression}."
  }
}

variable "name_prefix" {
  type        = string
  description = "Prefix of all resource names, and value of the `ManagedBy` tag on certificates. IAM roles are global: use a different prefix for each instance in an account, even in different regions."
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
}

variable "notifications" {
  type = object({
    email_addresses = optional(set(string), [])
    event_bus_name  = optional(string)
    kms_key_arn     = optional(string)
    security_hub    = optional(bool, false)
    topic_arn       = optional(string)
  })
  description = "Where to send notifications. By default the module creates an encrypted topic and subscribes `email_addresses`; each recipient must confirm. `kms_key_arn` replaces the created key; its policy must let cloudwatch.amazonaws.com use the key. `topic_arn` uses an existing topic, with `kms_key_arn` as its key if it is encrypted; its policy must let alarms publish. Terraform must know during a plan whether these two are null: wrap an ARN that is known only after apply, `format(\"%s\", aws_sns_topic.alerts.arn)`. `event_bus_name` is an event bus of this account and region that receives events; `security_hub` sends findings to Security Hub, which must be enabled in this account and region. See `docs/events.md`."
  default     = {}
  nullable    = false

  validation {
    condition     = var.notifications.topic_arn == null || can(regex("^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}$", var.notifications.topic_arn))
    error_message = "notifications.topic_arn must be the ARN of a standard SNS topic, because alarms and failure destinations do not support FIFO topics, or null, got ${jsonencode(var.notifications.topic_arn)}."
  }

  validation {
    condition     = var.notifications.topic_arn == null || length(var.notifications.email_addresses) == 0
    error_message = "notifications must set either topic_arn or email_addresses, because the module does not change an existing topic, got topic_arn ${jsonencode(var.notifications.topic_arn)} with email_addresses ${join(", ", var.notifications.email_addresses)}."
  }

  validation {
    condition     = alltrue([for address in var.notifications.email_addresses : can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", address))])
    error_message = "notifications.email_addresses must contain e-mail addresses, got ${join(", ", var.notifications.email_addresses)}."
  }

  validation {
    condition     = var.notifications.kms_key_arn == null || can(regex(local._kms_key_arn, var.notifications.kms_key_arn))
    error_message = "notifications.kms_key_arn must be the ARN of a KMS key, not of an alias, or null, got ${jsonencode(var.notifications.kms_key_arn)}."
  }

  validation {
    condition     = var.notifications.event_bus_name == null || can(regex("^[A-Za-z0-9._-]{1,256}$", var.notifications.event_bus_name))
    error_message = "notifications.event_bus_name must be the name of an event bus of this account and region, not an ARN and not a partner event bus, or null, got ${jsonencode(var.notifications.event_bus_name)}."
  }
}

variable "organization" {
  type = object({
    account_ids                  = optional(set(string), [])
    excluded_account_ids         = optional(set(string), [])
    external_id                  = string
    max_concurrency              = optional(number, 25)
    organization_id              = string
    rebind_consumers             = optional(bool, false)
    role_name                    = string
    rotation_mode                = optional(string, "notify")
    tolerated_failure_percentage = optional(number, 100)
  })
  description = "AWS Organization to monitor. `schedule_expression` starts a state machine that invokes the rotation function once for each account, up to `max_concurrency` at a time, and sends one message. Every account except this one and those of `accounts` must have the role `role_name` (path included) with this `external_id`, see `modules/member-account`. `rotation_mode` and `rebind_consumers` limit the actions in these accounts and never exceed the module's own settings. Empty `account_ids` lists the accounts through AWS Organizations, which requires the management account or a delegated administrator. No new account is started after `tolerated_failure_percentage` of them have failed. Null monitors only this account and `accounts`."
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
    condition     = contains(["notify", "repair", "replace"], try(var.organization.rotation_mode, "notify"))
    error_message = "organization must give rotation_mode as notify, repair or replace, got ${try(var.organization.rotation_mode, "null")}."
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
    condition     = var.organization == null || var.reserved_concurrency == null || try(var.organization.max_concurrency <= var.reserved_concurrency, false)
    error_message = "organization must give a max_concurrency of at most reserved_concurrency, got max_concurrency ${try(var.organization.max_concurrency, "null")} and reserved_concurrency ${jsonencode(var.reserved_concurrency)}."
  }

  # The bucket's name has the longest suffix.
  validation {
    condition     = var.organization == null || length(var.name_prefix) <= 45
    error_message = "organization must have a name_prefix of at most 45 characters, because a bucket name allows 63 and the suffix is `-runs-` and the account id, got ${var.name_prefix} with ${length(var.name_prefix)}."
  }
}

variable "owner_tag" {
  type        = string
  description = "Tag key of a certificate that contains its owner, case-insensitive. Findings show its value."
  default     = "Owner"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_ .:/=+@-]{1,128}$", var.owner_tag))
    error_message = "owner_tag must be the key of a tag, 1 to 128 letters, digits, spaces and _.:/=+@-, got ${var.owner_tag}."
  }
}

variable "permissions_boundary_arn" {
  type        = string
  description = "IAM policy to set as the permissions boundary of all roles. Null sets no boundary."
  default     = null

  validation {
    condition     = var.permissions_boundary_arn == null || can(regex("^arn:aws[a-z-]*:iam::(?:[0-9]{12}|aws):policy/[!-~]+$", var.permissions_boundary_arn))
    error_message = "permissions_boundary_arn must be the ARN of an IAM policy, or null, got ${jsonencode(var.permissions_boundary_arn)}."
  }
}

variable "rebind_consumers" {
  type        = bool
  description = "Whether to move consumers to a successor: load balancer listeners, CloudFront distributions, and domain names of API Gateway and Cognito. If false, the role has no permission to change consumers, and the message lists the commands to run."
  default     = false
  nullable    = false

  validation {
    condition     = !var.rebind_consumers || var.rotation_mode == "replace"
    error_message = "rebind_consumers must be false unless rotation_mode is `replace`, because no other mode requests successors, got ${var.rotation_mode}."
  }
}

variable "regions" {
  type        = set(string)
  description = "Regions to monitor, in this account and in each of `accounts`. Empty: only the functions' own region. If set, list that region to include it. CloudFront uses certificates of us-east-1."
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for region in var.regions : can(regex("^[a-z]{2,}(?:-[a-z]+)+-[0-9]+$", region))])
    error_message = "regions must contain names of AWS regions such as eu-west-1, got ${join(", ", var.regions)}."
  }
}

variable "report_bucket_name" {
  type        = string
  description = "Name of the S3 bucket to create for run reports: `reports/<name_prefix>/<year>/<month>/<day>/<run>.html`, `.csv` and `.json`, and the most recent one as `reports/<name_prefix>/latest.html`. A bucket that contains reports cannot be destroyed. Null writes no reports; runs of `organization` write theirs to their own bucket."
  default     = null

  validation {
    condition     = var.report_bucket_name == null || can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.report_bucket_name))
    error_message = "report_bucket_name must have 3 to 63 lower-case letters, digits and hyphens, no hyphen at either end and no dot, which the TLS certificate of S3 does not cover, or be null, got ${jsonencode(var.report_bucket_name)}."
  }
}

variable "report_retention_days" {
  type        = number
  description = "Days to keep reports in `report_bucket_name`."
  default     = 365
  nullable    = false

  validation {
    condition     = floor(var.report_retention_days) == var.report_retention_days && var.report_retention_days >= 1
    error_message = "report_retention_days must be a whole number of at least 1, got ${var.report_retention_days}."
  }
}

variable "reserved_concurrency" {
  type        = number
  description = "Reserved concurrency of each function, which is also its maximum. Null reserves nothing. Accounts with a small quota reject reservations; both functions may safely run in parallel."
  default     = null

  validation {
    condition     = var.reserved_concurrency == null || try(floor(var.reserved_concurrency) == var.reserved_concurrency && var.reserved_concurrency >= 1, false)
    error_message = "reserved_concurrency must be a whole number of at least 1, or null, got ${jsonencode(var.reserved_concurrency)}."
  }
}

variable "retire_superseded_after_days" {
  type        = number
  description = "Days after which a replaced certificate is deleted, if it is not in use, was not imported and its successor is valid. Null deletes nothing and grants no permission to delete."
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
  description = "Actions of the rotation function. `notify` only reports. `repair` also restores validation records, imports from `import_sources` and exports to `export_targets`. `replace` also requests successors for certificates that cannot be renewed. The role has only the permissions of its mode."
  default     = "replace"
  nullable    = false

  validation {
    condition     = contains(["notify", "repair", "replace"], var.rotation_mode)
    error_message = "rotation_mode must be `notify`, `repair` or `replace`, got ${var.rotation_mode}."
  }
}

variable "schedule_expression" {
  type        = string
  description = "Schedule of the rotation function, at least weekly: `rate()` of at most seven days, or six-field `cron()` in UTC that restricts only minutes, hours and days of the week. A schedule less frequent than daily needs a higher `max_silence_days`."
  default     = "rate(1 day)"
  nullable    = false

  validation {
    condition     = can(regex(local._rate, var.schedule_expression)) || can(regex(local._cron, var.schedule_expression))
    error_message = "schedule_expression must run at least weekly: `rate()` of at most 7 days, such as `rate(1 day)` or `rate(12 hours)`, or six-field `cron()` that restricts no day of the month, month or year, such as `cron(0 6 * * ? *)` or `cron(0 6 ? * MON *)`, got ${var.schedule_expression}."
  }
}

variable "subject_alternative_names" {
  type        = list(string)
  description = "Additional domain names of the certificate, in the form of `domain_name`. ACM's default quota is 10 names for a certificate and can be raised to 100."
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for name in var.subject_alternative_names : length(name) <= 253 && can(regex(local._domain_name, name)) && !can(regex(local._ip_address, name))])
    error_message = "subject_alternative_names must contain lower-case domain names of at most 253 characters, each with at most one leading `*.` and no scheme, port, path or trailing dot, got ${join(", ", var.subject_alternative_names)}."
  }

  validation {
    condition     = length(var.subject_alternative_names) == length(distinct(var.subject_alternative_names))
    error_message = "subject_alternative_names must not contain a domain twice, got ${join(", ", var.subject_alternative_names)}."
  }

  validation {
    condition     = !contains(var.subject_alternative_names, var.domain_name)
    error_message = "subject_alternative_names must not repeat domain_name (${var.domain_name}), got ${join(", ", var.subject_alternative_names)}."
  }

  # Here and not at domain_name, because two validations that refer to each other's variable are a cycle.
  validation {
    condition = anytrue([
      for name in concat([var.domain_name], var.subject_alternative_names) : length(name) <= 64
    ])
    error_message = "subject_alternative_names must contain a name of at most 64 characters if domain_name is longer, because the common name of a certificate has this limit, got ${var.domain_name} with ${length(var.domain_name)} characters and ${join(", ", var.subject_alternative_names)}."
  }

  validation {
    condition = length(distinct(concat(
      [var.domain_name],
      var.subject_alternative_names,
      var.include_www && !startswith(var.domain_name, "*.") && !startswith(var.domain_name, "www.") ? ["www.${var.domain_name}"] : [],
    ))) <= 100
    error_message = "subject_alternative_names must leave the certificate with at most 100 names, including domain_name and the `www.` name of include_www, got ${length(var.subject_alternative_names)} alternative names."
  }
}

variable "summary_after_days" {
  type        = number
  description = "Days without a message after which a summary is sent even if there are no findings. The first run also sends one. 0 sends none."
  default     = 7
  nullable    = false

  validation {
    condition     = floor(var.summary_after_days) == var.summary_after_days && var.summary_after_days >= 0 && var.summary_after_days <= 365
    error_message = "summary_after_days must be a whole number between 0 and 365, got ${var.summary_after_days}."
  }
}

variable "tags" {
  type        = map(string)
  description = "Tags for all resources, in addition to the provider's default tags."
  default     = {}
  nullable    = false
}

variable "threshold_fraction" {
  type        = number
  description = "Maximum fraction of a certificate's lifetime that `expiration_threshold_days` covers, so that short-lived certificates are not reported for most of their lifetime."
  default     = 0.33
  nullable    = false

  validation {
    condition     = var.threshold_fraction > 0 && var.threshold_fraction <= 1
    error_message = "threshold_fraction must be more than 0 and at most 1, got ${var.threshold_fraction}."
  }
}

variable "tls_probe" {
  type = object({
    enabled           = optional(bool, false)
    private_addresses = optional(bool, false)
  })
  description = "Whether to probe up to five names of each certificate that has a finding or was renewed one to three days ago, and compare the served certificate with the one in ACM. A probe is a TLS handshake on port 443; wildcard names are not probed. The function runs outside a VPC: names that resolve to another region or a CDN can show a different certificate, and internal names are reported as unreachable. `private_addresses` also allows private and loopback addresses; use it only if the function has a route to them. Link-local addresses are never probed."
  default     = {}
  nullable    = false

  validation {
    condition     = var.tls_probe.enabled || !var.tls_probe.private_addresses
    error_message = "tls_probe must be enabled if private_addresses is true, got enabled = ${var.tls_probe.enabled}."
  }
}
