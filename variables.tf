# What several rules share. The tables in tests/data hold accepted and refused values of each, for this file and for the functions' own configuration alike.
locals {
  # ACM's pattern for RequestCertificate's DomainName, in lower case and without look-ahead, which RE2 lacks.
  _plain_name  = "(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z0-9][a-z0-9-]{0,61}[a-z0-9]"
  _domain_name = "^(?:\\*\\.)?${local._plain_name}$"

  # What ends in digits only is an IP address, which ACM's pattern lets through and ACM does not.
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
  # Exactly one of the two day fields is `?`, as EventBridge wants it. Month, year and day of the month stay open, so that there is a run in each week.
  _cron       = "^cron\\(${local._cron_lists.minutes} ${local._cron_lists.hours} (?:\\* \\* \\?|\\? \\* ${local._cron_lists.weekday}) \\*\\)$"
  _cron_daily = " (?:\\* \\* \\?|\\? \\* \\*) \\*\\)$"
  # At most seven days, which are 168 hours or 10080 minutes.
  _rate = "^rate\\((?:1 (?:minute|hour|day)|[2-7] days|(?:[2-9]|[1-9][0-9]|1[0-5][0-9]|16[0-8]) hours|(?:[2-9]|[1-9][0-9]{1,3}|100[0-7][0-9]|10080) minutes)\\)$"

  _certificate_arn = "^arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/[A-Za-z0-9-]+$"
  # With the six characters that Secrets Manager adds to a name: IAM knows no secret without them.
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
  description = "Other accounts to look after, in the same regions: each with the name, path included, and the external id of the role that it offers, see `modules/member-account`. `rotation_mode` and `rebind_consumers` say what may be done there, and never exceed the module's own; what is replaced there is never deleted."
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
    error_message = "accounts must give each external_id as STS takes it: 2 to 1224 letters, digits and _+=,.@:/-, got ${join(", ", var.accounts[*].external_id)}."
  }

  validation {
    condition     = alltrue([for account in var.accounts : contains(["notify", "repair", "replace"], account.rotation_mode)])
    error_message = "accounts must give each rotation_mode as notify, repair or replace, got ${join(", ", var.accounts[*].rotation_mode)}."
  }
}

variable "alarms" {
  type        = bool
  description = "Whether alarms report to the topic: when a function fails, no run ends for `max_silence_days`, a message does not arrive, the topic has no subscriber, or a critical finding stays open for three days, see `docs/alarms.md`. Without them a failing function is only visible in its log and through failed events, and a schedule that stopped not at all."
  default     = true
  nullable    = false
}

variable "allowed_domains" {
  type        = list(string)
  description = "Domains that the creation function may issue for: names equal to or below each, and only below one that starts with `*.`. The handler and IAM's `acm:DomainNames` condition both enforce it. Empty allows `domain_name` and the alternative names, and what lies below them."
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for name in var.allowed_domains : length(name) <= 253 && can(regex(local._domain_name, name)) && !can(regex(local._ip_address, name))])
    error_message = "allowed_domains must hold lower-case domain names of at most 253 characters, each with at most one leading `*.` and no scheme, path or trailing dot, got ${join(", ", var.allowed_domains)}."
  }

  validation {
    condition     = length(var.allowed_domains) == length(distinct(var.allowed_domains))
    error_message = "allowed_domains must not name a domain twice, got ${join(", ", var.allowed_domains)}."
  }

  validation {
    # The `www.` name that include_www may add lies below domain_name, so it is covered with it.
    condition = length(var.allowed_domains) == 0 || alltrue([
      for name in concat([var.domain_name], var.subject_alternative_names) : anytrue([
        for domain in var.allowed_domains :
        name == domain && !startswith(domain, "*.") || endswith(name, ".${trimprefix(domain, "*.")}")
      ])
    ])
    error_message = "allowed_domains must be empty or cover domain_name (${var.domain_name}) and every one of subject_alternative_names (${join(", ", var.subject_alternative_names)}), or the creation function could never succeed, got ${join(", ", var.allowed_domains)}."
  }
}

variable "create" {
  type        = bool
  description = "Whether to create anything at all; false makes nothing, for stacks that switch modules off by environment."
  default     = true
  nullable    = false
}

variable "critical_threshold_days" {
  type        = number
  description = "Days before expiry at which an unsolved problem becomes critical. The default leaves a week to act."
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
  description = "Whether a CloudWatch dashboard shows what is open, what ends next and whether runs go on."
  default     = true
  nullable    = false
}

variable "domain_name" {
  type        = string
  description = "Name of the certificate that the creation function issues: a lower-case domain name, or one with a single leading `*.`. Write international names in their ASCII form (`xn--`)."
  nullable    = false

  validation {
    condition     = length(var.domain_name) <= 253 && can(regex(local._domain_name, var.domain_name)) && !can(regex(local._ip_address, var.domain_name))
    error_message = "domain_name must be a lower-case domain name of at most 253 characters, with at most one leading `*.` and no scheme, port, path or trailing dot, got ${var.domain_name}."
  }
}

variable "expiration_threshold_days" {
  type        = number
  description = "Days before expiry at which a certificate that nobody renews by itself needs attention. Never more than `threshold_fraction` of the certificate's lifetime."
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
  description = "ARN of an exportable certificate of this region -> the secret that receives certificate, chain and encrypted key after each renewal, and the secret that holds the passphrase of the key. `renew_public` has a public certificate renewed at `expiration_threshold_days` if ACM has not done so, which costs money each time; private ones always are. Empty exports nothing."
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for arn in keys(var.export_targets) : can(regex(local._certificate_arn, arn))])
    error_message = "export_targets must have the ARNs of ACM certificates as keys, got ${join(", ", keys(var.export_targets))}."
  }

  validation {
    condition = alltrue([
      for target in values(var.export_targets) : can(regex(local._secret_arn, target.secret_arn))
    ])
    error_message = "export_targets must give each secret_arn as the complete ARN of a secret, with the six characters at its end, got ${join(", ", values(var.export_targets)[*].secret_arn)}."
  }

  validation {
    condition = alltrue([
      for target in values(var.export_targets) : can(regex(local._secret_arn, target.passphrase_secret_arn))
    ])
    error_message = "export_targets must give each passphrase_secret_arn as the complete ARN of a secret, with the six characters at its end, got ${join(", ", values(var.export_targets)[*].passphrase_secret_arn)}."
  }

  validation {
    condition = length(setintersection(
      values(var.export_targets)[*].secret_arn,
      values(var.export_targets)[*].passphrase_secret_arn,
    )) == 0 && length(var.export_targets) == length(distinct(values(var.export_targets)[*].secret_arn))
    error_message = "export_targets must give each certificate a secret_arn of its own, which is no passphrase_secret_arn either, or one would overwrite the other, got ${join(", ", values(var.export_targets)[*].secret_arn)}."
  }

  validation {
    condition = length(setintersection(
      values(var.export_targets)[*].secret_arn,
      values(var.import_sources)[*].secret_arn,
    )) == 0
    error_message = "export_targets must not name a secret_arn that import_sources names too, because the functions may read those and never what they exported, got ${join(", ", values(var.export_targets)[*].secret_arn)}."
  }

  validation {
    # Lambda takes 4 KB of environment for all variables together; import_sources alone has a rule of its own.
    condition     = length(var.export_targets) == 0 || length(jsonencode(var.export_targets)) + length(jsonencode({ for arn, source in var.import_sources : arn => { secret_arn = source.secret_arn } })) <= 3000
    error_message = "export_targets must fit into the function's environment together with import_sources, which are 3000 characters or about nine targets without any source, got ${length(var.export_targets)} targets and ${length(var.import_sources)} sources with ${length(jsonencode(var.export_targets)) + length(jsonencode({ for arn, source in var.import_sources : arn => { secret_arn = source.secret_arn } }))} characters."
  }
}

variable "hosted_zones" {
  type = map(object({
    role_arn = optional(string)
    zone_id  = string
  }))
  description = "Zone name -> the public hosted zone that receives validation records, and the role to assume when it lives in another account. Given, the functions use and may use just these. Empty, they find the public zones of this account by themselves."
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for name in keys(var.hosted_zones) : length(name) <= 253 && can(regex("^${local._plain_name}$", name))])
    error_message = "hosted_zones must have lower-case zone names without wildcard or trailing dot as keys, got ${join(", ", keys(var.hosted_zones))}."
  }

  validation {
    condition     = alltrue([for zone in values(var.hosted_zones) : can(regex("^Z[A-Z0-9]+$", zone.zone_id))])
    error_message = "hosted_zones must give each zone_id as Route 53's bare id, which starts with Z and has no /hostedzone/ before it, got ${join(", ", values(var.hosted_zones)[*].zone_id)}."
  }

  validation {
    condition     = length(var.hosted_zones) == length(distinct(values(var.hosted_zones)[*].zone_id))
    error_message = "hosted_zones must give each zone its own zone_id, got ${join(", ", values(var.hosted_zones)[*].zone_id)}."
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
    kms_key_arn = optional(string)
    secret_arn  = string
  }))
  description = "ARN of an imported certificate -> the Secrets Manager secret from which the rotation function imports it again, under the same ARN, whenever a newer version is in there: JSON with `certificate`, `private_key` and, optionally, `chain`, each in PEM. Whoever writes the secret becomes the renewer. `kms_key_arn` is the customer managed key of the secret, if it has one. The rights do not exist in rotation_mode `notify`."
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
    error_message = "import_sources must give each secret_arn as the full ARN of a secret, with the six characters that Secrets Manager adds to its name, got ${join(", ", values(var.import_sources)[*].secret_arn)}."
  }

  validation {
    condition = alltrue([
      for source in values(var.import_sources) :
      source.kms_key_arn == null || can(regex(local._kms_key_arn, source.kms_key_arn))
    ])
    error_message = "import_sources must give each kms_key_arn as the ARN of a KMS key, as IAM policies do not follow aliases, or leave it out, got ${join(", ", [for source in values(var.import_sources) : jsonencode(source.kms_key_arn)])}."
  }

  validation {
    # Lambda takes 4 KB of environment for all variables together.
    condition     = length(jsonencode({ for arn, source in var.import_sources : arn => { secret_arn = source.secret_arn } })) <= 3000
    error_message = "import_sources must fit into the function's environment, which are about 13 entries or 3000 characters, got ${length(var.import_sources)} entries with ${length(jsonencode({ for arn, source in var.import_sources : arn => { secret_arn = source.secret_arn } }))} characters."
  }
}

variable "include_www" {
  type        = bool
  description = "Whether the certificate also covers `www.` before a plain `domain_name`; never added to a wildcard or to a name that starts with `www.`. The default needs that name to be in the same zone, or in one that is known."
  default     = true
  nullable    = false
}

variable "key_algorithm" {
  type        = string
  description = "Key of the certificate: `RSA_2048`, which every client and service accepts, or the smaller and faster `EC_prime256v1` or `EC_secp384r1`. CloudFront refuses the last."
  default     = "RSA_2048"
  nullable    = false

  validation {
    condition     = contains(["EC_prime256v1", "EC_secp384r1", "RSA_2048"], var.key_algorithm)
    error_message = "key_algorithm must be one that ACM issues, which are `EC_prime256v1`, `EC_secp384r1` and `RSA_2048`, got ${var.key_algorithm}."
  }
}

variable "kms_key_arn" {
  type        = string
  description = "KMS key that encrypts the functions' environment and log groups; its policy must let CloudWatch Logs of the region use it. Null leaves both to keys that AWS owns."
  default     = null

  validation {
    condition     = var.kms_key_arn == null || can(regex(local._kms_key_arn, var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a KMS key, as IAM policies do not follow aliases, or null, got ${jsonencode(var.kms_key_arn)}."
  }
}

variable "log_retention_days" {
  type        = number
  description = "Days that the functions' logs, the record of each decision, are kept; 0 keeps them for ever. The default keeps a year."
  default     = 365
  nullable    = false

  validation {
    condition = contains(
      [0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653],
      var.log_retention_days,
    )
    error_message = "log_retention_days must be a retention that CloudWatch Logs offers: 0 (for ever), 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653, got ${var.log_retention_days}."
  }
}

variable "max_silence_days" {
  type        = number
  description = "Days without a completed scheduled run after which the alarm `<name_prefix>-runs-missing` rings. It must be at least the time between two runs of `schedule_expression`, so a schedule that names days of the week needs 7."
  default     = 2
  nullable    = false

  validation {
    condition     = floor(var.max_silence_days) == var.max_silence_days && var.max_silence_days >= 1 && var.max_silence_days <= 7
    error_message = "max_silence_days must be a whole number between 1 and 7, the longest time that a CloudWatch alarm looks back, got ${var.max_silence_days}."
  }

  validation {
    condition = !var.alarms || var.max_silence_days >= 7 || (
      can(regex(local._rate, var.schedule_expression))
      ? tonumber(regex("[0-9]+", var.schedule_expression)) <= var.max_silence_days * { minute = 1440, hour = 24, day = 1 }[regex("minute|hour|day", var.schedule_expression)]
      : !can(regex(local._cron, var.schedule_expression)) || can(regex(local._cron_daily, var.schedule_expression))
    )
    error_message = "max_silence_days must be at least the time between two runs of schedule_expression, or the alarm would ring between them: set it to 7 for a schedule that names days of the week, got max_silence_days ${var.max_silence_days} and schedule_expression ${var.schedule_expression}."
  }
}

variable "name_prefix" {
  type        = string
  description = "Start of every name, and value of the `ManagedBy` tag of the certificates. Roles are global, so it must differ between two instances of an account, even in different regions."
  default     = "certificate-lifecycle"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]*[a-z0-9]$", var.name_prefix))
    error_message = "name_prefix must have at least two characters, start with a lower-case letter, go on with lower-case letters, digits and hyphens, and not end with a hyphen, got ${var.name_prefix}."
  }

  validation {
    condition     = length("${var.name_prefix}-acm-events") <= 64
    error_message = "name_prefix must have at most 53 characters, because functions, roles and rules allow 64 and the longest name has `-acm-events` behind it, got ${var.name_prefix} with ${length(var.name_prefix)}."
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
  description = "Where people and machines listen. The default creates a topic, and a key that it is encrypted with, and subscribes `email_addresses`, whose owners must confirm. `kms_key_arn` replaces that key: its policy must let cloudwatch.amazonaws.com use it. `topic_arn` adopts a topic as it is, in which case `kms_key_arn` says which key encrypts it; its policy must let alarms publish. Both decide what is created, so a value known only after apply must at least be known not to be null: `format(\"%s\", aws_sns_topic.alerts.arn)`. `event_bus_name` is a bus of this account and region that gets an event for each change, action and run; `security_hub` reports findings to Security Hub, which must be enabled here. Docs: `docs/events.md`."
  default     = {}
  nullable    = false

  validation {
    condition     = var.notifications.topic_arn == null || can(regex("^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}$", var.notifications.topic_arn))
    error_message = "notifications.topic_arn must be the ARN of a standard SNS topic, as alarms and failure destinations refuse FIFO ones, or null, got ${jsonencode(var.notifications.topic_arn)}."
  }

  validation {
    condition     = var.notifications.topic_arn == null || length(var.notifications.email_addresses) == 0
    error_message = "notifications must either adopt a topic or subscribe to the one it creates, because an adopted topic is left as it is, got topic_arn ${jsonencode(var.notifications.topic_arn)} with email_addresses ${join(", ", var.notifications.email_addresses)}."
  }

  validation {
    condition     = alltrue([for address in var.notifications.email_addresses : can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", address))])
    error_message = "notifications.email_addresses must hold e-mail addresses, got ${join(", ", var.notifications.email_addresses)}."
  }

  validation {
    condition     = var.notifications.kms_key_arn == null || can(regex(local._kms_key_arn, var.notifications.kms_key_arn))
    error_message = "notifications.kms_key_arn must be the ARN of a KMS key, as IAM policies do not follow aliases, or null, got ${jsonencode(var.notifications.kms_key_arn)}."
  }

  validation {
    condition     = var.notifications.event_bus_name == null || can(regex("^[A-Za-z0-9._-]{1,256}$", var.notifications.event_bus_name))
    error_message = "notifications.event_bus_name must be the name of an event bus of this account and region, not an ARN and not a partner's, or null, got ${jsonencode(var.notifications.event_bus_name)}."
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
  description = "An AWS Organization to look after: `schedule_expression` then starts a state machine that invokes the rotation function once for each account, `max_concurrency` of them side by side, and sends one message about all of them. Every account, other than this one and those of `accounts`, offers the role `role_name` (path included) with the same `external_id`, see `modules/member-account`; `rotation_mode` and `rebind_consumers` say what may be done there, and never exceed the module's own. Empty `account_ids` asks AWS Organizations, which its management account and delegated administrators may do. No further account is begun once more than `tolerated_failure_percentage` of them have failed. Null looks at this account and `accounts` alone."
  default     = null

  validation {
    condition     = alltrue([for id in concat(tolist(try(var.organization.account_ids, [])), tolist(try(var.organization.excluded_account_ids, []))) : can(regex("^[0-9]{12}$", id))])
    error_message = "organization must give account_ids and excluded_account_ids as twelve digits each, got ${join(", ", concat(tolist(try(var.organization.account_ids, [])), tolist(try(var.organization.excluded_account_ids, []))))}."
  }

  validation {
    condition     = var.organization == null || can(regex("^o-[a-z0-9]{10,32}$", var.organization.organization_id))
    error_message = "organization must give organization_id as AWS Organizations does, such as o-a1b2c3d4e5, got ${try(var.organization.organization_id, "null")}."
  }

  validation {
    condition     = var.organization == null || can(regex("^(?:[!-~]+/)?[A-Za-z0-9_+=,.@-]{1,64}$", var.organization.role_name))
    error_message = "organization must give role_name as the name of an IAM role, with its path and without a leading slash, got ${try(var.organization.role_name, "null")}."
  }

  validation {
    condition     = var.organization == null || try(length(var.organization.external_id) >= 2 && length(var.organization.external_id) <= 1224 && can(regex("^[A-Za-z0-9_+=,.@:/-]+$", var.organization.external_id)), false)
    error_message = "organization must give external_id as STS takes it: 2 to 1224 letters, digits and _+=,.@:/-, got ${try(var.organization.external_id, "null")}."
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
    error_message = "organization must not look at more accounts side by side than reserved_concurrency allows, got max_concurrency ${try(var.organization.max_concurrency, "null")} and reserved_concurrency ${jsonencode(var.reserved_concurrency)}."
  }

  # Names that have more behind the prefix than the others.
  validation {
    condition     = var.organization == null || length(var.name_prefix) <= 45
    error_message = "organization needs a name_prefix of at most 45 characters, because a bucket's name has 63 and ends in `-runs-` and the account, got ${var.name_prefix} with ${length(var.name_prefix)}."
  }
}

variable "owner_tag" {
  type        = string
  description = "Tag of a certificate that names whose it is, in any letter case; findings show its value."
  default     = "Owner"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_ .:/=+@-]{1,128}$", var.owner_tag))
    error_message = "owner_tag must be the key of a tag, 1 to 128 letters, digits, spaces and _.:/=+@-, got ${var.owner_tag}."
  }
}

variable "permissions_boundary_arn" {
  type        = string
  description = "IAM policy that bounds the functions' roles, where an account demands one; null sets no boundary."
  default     = null

  validation {
    condition     = var.permissions_boundary_arn == null || can(regex("^arn:aws[a-z-]*:iam::(?:[0-9]{12}|aws):policy/[!-~]+$", var.permissions_boundary_arn))
    error_message = "permissions_boundary_arn must be the ARN of an IAM policy, or null, got ${jsonencode(var.permissions_boundary_arn)}."
  }
}

variable "rebind_consumers" {
  type        = bool
  description = "Whether consumers are moved from a certificate to its successor: listeners of load balancers, CloudFront distributions, domain names of API Gateway and Cognito. The rights to change them exist only then. Without it the message names the calls that a person would make."
  default     = false
  nullable    = false

  validation {
    condition     = !var.rebind_consumers || var.rotation_mode == "replace"
    error_message = "rebind_consumers needs rotation_mode `replace`, because nothing else makes successors, got ${var.rotation_mode}."
  }
}

variable "regions" {
  type        = set(string)
  description = "Regions to look at, in this account and in each of `accounts`. Empty looks at the region of the functions alone; given, name that one too if it shall be looked at. CloudFront takes certificates of us-east-1."
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for region in var.regions : can(regex("^[a-z]{2,}(?:-[a-z]+)+-[0-9]+$", region))])
    error_message = "regions must hold names of AWS regions such as eu-west-1, got ${join(", ", var.regions)}."
  }
}

variable "report_bucket_name" {
  type        = string
  description = "Bucket to make for the report of each run, as a page for people, as rows for a spreadsheet and as data: `reports/<name_prefix>/<year>/<month>/<day>/<run>.html`, `.csv` and `.json`, and the newest as `reports/<name_prefix>/latest.html`. While there are reports in it, the bucket cannot be destroyed. Null writes none, other than that of an `organization`, which lies beside what its run leaves."
  default     = null

  validation {
    condition     = var.report_bucket_name == null || can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.report_bucket_name))
    error_message = "report_bucket_name must have 3 to 63 lower-case letters, digits and hyphens, no hyphen at either end and no dot, which TLS certificates of S3 do not cover, or be null, got ${jsonencode(var.report_bucket_name)}."
  }
}

variable "report_retention_days" {
  type        = number
  description = "Days that a report is kept in `report_bucket_name`. The default keeps a year."
  default     = 365
  nullable    = false

  validation {
    condition     = floor(var.report_retention_days) == var.report_retention_days && var.report_retention_days >= 1
    error_message = "report_retention_days must be a whole number of at least 1, got ${var.report_retention_days}."
  }
}

variable "reserved_concurrency" {
  type        = number
  description = "Executions reserved for each function, and its most at one time. Null reserves nothing, because accounts with a small quota refuse any reservation; both functions are safe to overlap."
  default     = null

  validation {
    condition     = var.reserved_concurrency == null || try(floor(var.reserved_concurrency) == var.reserved_concurrency && var.reserved_concurrency >= 1, false)
    error_message = "reserved_concurrency must be a whole number of at least 1, or null, got ${jsonencode(var.reserved_concurrency)}."
  }
}

variable "retire_superseded_after_days" {
  type        = number
  description = "Days after which a certificate that was replaced is deleted, if nothing uses it and its successor is good. Null deletes nothing, and the right to delete exists only otherwise."
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
    error_message = "retire_superseded_after_days needs rotation_mode `replace`, because nothing else replaces certificates, got ${var.rotation_mode}."
  }
}

variable "rotation_mode" {
  type        = string
  description = "What the rotation function may do: `notify` looks and tells, `repair` also mends validation in place, imports what is newer in `import_sources` and exports to `export_targets`, `replace` also requests a successor for what nothing else can help. The rights to do so exist only in their modes."
  default     = "replace"
  nullable    = false

  validation {
    condition     = contains(["notify", "repair", "replace"], var.rotation_mode)
    error_message = "rotation_mode must be `notify`, `repair` or `replace`, got ${var.rotation_mode}."
  }
}

variable "schedule_expression" {
  type        = string
  description = "When the rotation function runs, at least weekly: `rate()` of at most seven days, or six-field `cron()` in UTC that may restrict minutes, hours and days of the week. Less often than daily means hearing later of a certificate that cannot renew, and needs a higher `max_silence_days`."
  default     = "rate(1 day)"
  nullable    = false

  validation {
    condition     = can(regex(local._rate, var.schedule_expression)) || can(regex(local._cron, var.schedule_expression))
    error_message = "schedule_expression must run at least weekly: `rate()` of at most 7 days, such as `rate(1 day)` or `rate(12 hours)`, or six-field `cron()` that restricts no day of the month, month or year, such as `cron(0 6 * * ? *)` or `cron(0 6 ? * MON *)`, got ${var.schedule_expression}."
  }
}

variable "subject_alternative_names" {
  type        = list(string)
  description = "Further names of the certificate, written like `domain_name`. Empty adds none but what `include_www` adds. ACM's default quota is 10 names for a certificate, and can be raised to 100."
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for name in var.subject_alternative_names : length(name) <= 253 && can(regex(local._domain_name, name)) && !can(regex(local._ip_address, name))])
    error_message = "subject_alternative_names must hold lower-case domain names of at most 253 characters, each with at most one leading `*.` and no scheme, port, path or trailing dot, got ${join(", ", var.subject_alternative_names)}."
  }

  validation {
    condition     = length(var.subject_alternative_names) == length(distinct(var.subject_alternative_names))
    error_message = "subject_alternative_names must not name a domain twice, got ${join(", ", var.subject_alternative_names)}."
  }

  validation {
    condition     = !contains(var.subject_alternative_names, var.domain_name)
    error_message = "subject_alternative_names must not repeat domain_name (${var.domain_name}), got ${join(", ", var.subject_alternative_names)}."
  }

  # Stated here and not at domain_name: two variables whose rules refer to each other would be a cycle.
  validation {
    condition = anytrue([
      for name in concat([var.domain_name], var.subject_alternative_names) : length(name) <= 64
    ])
    error_message = "subject_alternative_names must hold a name of at most 64 characters when domain_name is longer, because a certificate's common name has no room for more, got ${var.domain_name} with ${length(var.domain_name)} characters and ${join(", ", var.subject_alternative_names)}."
  }

  validation {
    condition = length(distinct(concat(
      [var.domain_name],
      var.subject_alternative_names,
      var.include_www && !startswith(var.domain_name, "*.") && !startswith(var.domain_name, "www.") ? ["www.${var.domain_name}"] : [],
    ))) <= 100
    error_message = "subject_alternative_names must leave the certificate with at most 100 names, counting domain_name and the `www.` name that include_www adds, got ${length(var.subject_alternative_names)} alternative names."
  }
}

variable "summary_after_days" {
  type        = number
  description = "Days without a message after which one says that all is well, so that silence never looks like good news; the first run says so, too. 0 sends none."
  default     = 7
  nullable    = false

  validation {
    condition     = floor(var.summary_after_days) == var.summary_after_days && var.summary_after_days >= 0 && var.summary_after_days <= 365
    error_message = "summary_after_days must be a whole number between 0 and 365, got ${var.summary_after_days}."
  }
}

variable "tags" {
  type        = map(string)
  description = "Tags of every resource that takes them, beside the provider's default tags."
  default     = {}
  nullable    = false
}

variable "threshold_fraction" {
  type        = number
  description = "Largest share of a certificate's lifetime that counts as near expiry. The default keeps a 47-day certificate from being near expiry for most of its life."
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
  description = "Whether the rotation function connects, on port 443 and with nothing but a TLS handshake, to up to five names of each certificate that has a finding or was renewed one to three days ago, and compares what is served with what ACM has. A wildcard has no name to connect to. The function is not in a VPC: it sees what the internet sees, and from where it runs, so that a name that leads to another region or a CDN with a certificate of its own is told as serving another certificate, and what only a network inside sees as not reachable. `private_addresses` lets names lead to private and loopback addresses, too, which makes sense only where the function is given a way there; link-local ones, where credentials of machines are, it never connects to. The default connects to nothing."
  default     = {}
  nullable    = false

  validation {
    condition     = var.tls_probe.enabled || !var.tls_probe.private_addresses
    error_message = "tls_probe must be enabled where private_addresses is true, because nothing is connected to otherwise, got enabled = ${var.tls_probe.enabled}."
  }
}
