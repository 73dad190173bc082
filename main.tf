data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

# Asks no API. Its region is an attribute of every supported provider: 6 deprecates `name` and `id` of aws_region, 5 has no `region` there.
data "aws_service" "acm" {
  service_id = "acm"
}

locals {
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  region     = data.aws_service.acm.region

  # A declared certificate must be renewed and replaced wherever it is.
  regions = sort(setunion(
    length(var.regions) == 0 ? [local.region] : var.regions,
    [for certificate in values(local.certificates) : certificate.region],
  ))

  create_topic = var.create && var.notifications.topic == null

  topic_arn         = local.create_topic ? one(module.notifications[*].topic_arn) : one(var.notifications.topic[*].arn)
  topic_kms_key_arn = local.create_topic ? one(module.notifications[*].kms_key_arn) : one(var.notifications.topic[*].kms_key_arn)

  # The declared certificates by key; `domain_name` declares `main`.
  certificates = {
    for key, certificate in merge(var.certificates, { for name in var.domain_name == null ? [] : ["main"] : name => {
      domain_name               = var.domain_name
      subject_alternative_names = var.subject_alternative_names
      include_www               = false
      key_algorithm             = "RSA_2048"
      region                    = null
      certificate_authority_arn = null
      root_hierarchy_type       = null
      certificate_usage         = null
      exportable                = false
      tags                      = {}
      on_destroy                = "keep"
    } }) : key => merge(certificate, { region = certificate.region == null ? local.region : certificate.region })
  }
  # The creation function's default for an event without a name.
  _main = try(local.certificates["main"], null)

  _boundary_arn = one(var.function.permissions_boundary[*].arn)

  bucket_name       = "${var.name_prefix}-runs-${local.account_id}"
  creation_name     = "${var.name_prefix}-creation"
  ledger_name       = "${var.name_prefix}-ledger"
  organization_name = "${var.name_prefix}-organization"
  rotation_name     = "${var.name_prefix}-rotation"

  # The zip is committed and reproducible: a plan builds nothing, and the hash is the same on every machine.
  package = "${path.module}/lambda/dist/certificate_lifecycle.zip"

  hosted_zones_json = jsonencode({
    for name, zone in var.hosted_zones : name => { zone_id = zone.zone_id, role_arn = zone.role_arn }
  })

  # The longest time between two scheduled runs, in whole hours; with days of the week, a week.
  _hours_between_runs = (
    anytrue([for pattern in local._rate : can(regex(pattern, var.schedule_expression))])
    ? ceil(tonumber(regex("[0-9]+", var.schedule_expression)) * { minute = 1, hour = 60, day = 1440 }[regex("minute|hour|day", var.schedule_expression)] / 60)
    : anytrue([for pattern in local._cron_daily : can(regex(pattern, var.schedule_expression))]) ? 24 : 168
  )

  # Empty: no queries to public DNS.
  public_dns_resolvers_json = jsonencode(var.monitoring.public_dns.enabled ? var.monitoring.public_dns.resolvers : [])

  # Without default values, because Lambda limits the environment to 4096 bytes: the module's own, then those of `accounts`, then that of `organization`.
  _scopes = [for scope in concat([var.scope], var.accounts[*].scope, var.organization[*].scope) : {
    for name, value in {
      exclude = { for kind, entries in scope.exclude : kind => entries if length(entries) > 0 }
      include = { for kind, entries in scope.include : kind => entries if length(entries) > 0 }
      others  = scope.others == "ignore" ? "" : scope.others
    } : name => value if length(value) > 0
  }]

  accounts_json = jsonencode([for index, account in var.accounts : {
    for name, value in {
      account_id              = account.account_id
      external_id             = account.external_id
      rebind_consumers        = account.rebind_consumers ? true : null
      role_name               = account.role_name
      rotation_mode           = account.rotation_mode == "notify" ? null : account.rotation_mode
      scope                   = length(local._scopes[index + 1]) == 0 ? null : local._scopes[index + 1]
      unmanaged_rotation_mode = account.unmanaged_rotation_mode == "notify" ? null : account.unmanaged_rotation_mode
    } : name => value if value != null
  }])

  # A list, because the null of a conditional would turn the number into a string.
  _organization_json = [for organization in var.organization[*] : jsonencode({
    for name, value in {
      bucket                  = local.bucket_name
      external_id             = organization.external_id
      max_concurrency         = organization.max_concurrency
      rebind_consumers        = organization.rebind_consumers ? true : null
      role_name               = organization.role_name
      rotation_mode           = organization.rotation_mode == "notify" ? null : organization.rotation_mode
      scope                   = length(local._scopes[length(var.accounts) + 1]) == 0 ? null : local._scopes[length(var.accounts) + 1]
      unmanaged_rotation_mode = organization.unmanaged_rotation_mode == "notify" ? null : organization.unmanaged_rotation_mode
    } : name => value if value != null
  })]
  organization_json = var.organization == null ? "{}" : local._organization_json[0]

  acm_events_json = jsonencode({
    source = ["aws.acm"]
    "detail-type" = [
      "ACM Certificate Approaching Expiration",
      "ACM Certificate Available",
      "ACM Certificate Expired",
      "ACM Certificate Renewal Action Required",
      "ACM Certificate Revoked",
      "ACM Certificate Revoked By CA",
      "ACM Certificate Rotated",
    ]
    # Only `Available` has a documented action. Imports are excluded, because the function itself may have made them.
    detail = { Action = [{ exists = false }, { "anything-but" = ["IMPORT", "REIMPORT"] }] }
  })

  import_sources_json = jsonencode({
    # Without defaults, because Lambda limits the environment to 4 KB.
    for arn, source in var.import_sources : arn => {
      for name, value in {
        allow               = length(source.allow) == 0 ? null : source.allow
        require_client_auth = source.require_client_auth ? true : null
        secret_arn          = source.secret_arn
      } : name => value if value != null
    }
  })
}

module "notifications" {
  source = "./modules/notifications"
  count  = local.create_topic ? 1 : 0

  alarm_name_prefix = var.name_prefix
  email_addresses   = var.notifications.email_addresses
  key               = var.notifications.key
  name              = "${var.name_prefix}-notifications"
  region            = local.region
  tags              = var.tags
}

module "ledger" {
  source = "./modules/ledger"
  count  = var.create ? 1 : 0

  deletion_protection = var.state_table.deletion_protection
  name                = local.ledger_name
  tags                = var.tags
}

module "report_bucket" {
  source = "./modules/bucket"
  count  = var.create && var.report != null ? 1 : 0

  # Reports are the record of past actions, so destroying the stack must not delete them.
  force_destroy  = false
  name           = var.report.bucket_name
  prefix         = "reports/"
  retention_days = var.report.retention_days
  tags           = var.tags
}

module "creation" {
  source = "./modules/function"
  count  = var.create ? 1 : 0

  alarms                   = var.monitoring.alarms
  architecture             = var.function.architecture
  description              = "Requests certificates and validates them through DNS."
  filename                 = local.package
  handler                  = "certificate_lifecycle.handlers.creation.lambda_handler"
  kms_key_arn              = one(var.function.kms_key[*].arn)
  layers                   = var.function.layers
  log_retention_days       = var.function.log_retention_days
  maximum_retry_attempts   = 2
  name                     = local.creation_name
  permissions_boundary_arn = local._boundary_arn
  policy_json              = local.creation_policy_json
  reserved_concurrency     = var.function.reserved_concurrency
  role_path                = var.function.role_path
  tags                     = var.tags
  topic_arn                = local.topic_arn
  topic_kms_key_arn        = local.topic_kms_key_arn
  vpc                      = var.function.vpc

  environment = {
    # As short as possible: Lambda limits the environment to 4096 bytes.
    ALLOWED_DOMAINS = jsonencode(local._widest_domains)
    # Empty: an event must name a domain.
    DOMAIN_NAME               = local._main == null ? "" : local._main.domain_name
    HOSTED_ZONES              = local.hosted_zones_json
    INCLUDE_WWW               = local._main == null ? "false" : tostring(local._main.include_www)
    KEY_ALGORITHM             = local._main == null ? "RSA_2048" : local._main.key_algorithm
    NAME_PREFIX               = var.name_prefix
    PUBLIC_DNS_RESOLVERS      = local.public_dns_resolvers_json
    SUBJECT_ALTERNATIVE_NAMES = local._main == null ? "[]" : jsonencode(local._main.subject_alternative_names)
  }
}

module "rotation" {
  source = "./modules/function"
  count  = var.create ? 1 : 0

  alarms               = var.monitoring.alarms
  architecture         = var.function.architecture
  counts_subscriptions = true
  description          = "Scans all certificates, repairs and replaces them, and sends notifications."
  filename             = local.package
  handler              = "certificate_lifecycle.handlers.rotation.lambda_handler"
  kms_key_arn          = one(var.function.kms_key[*].arn)
  layers               = var.function.layers
  log_retention_days   = var.function.log_retention_days
  # No retry: an incomplete run has already sent its message, a retry would send another, and the next scheduled run scans again.
  maximum_retry_attempts = 0
  # Measured: 90 MB for a scan of 10,000 certificates, twice that for the message about 5,000 accounts.
  memory_mb                = var.organization == null ? 256 : 512
  name                     = local.rotation_name
  permissions_boundary_arn = local._boundary_arn
  policy_json              = local.rotation_policy_json
  reserved_concurrency     = var.function.reserved_concurrency
  role_path                = var.function.role_path
  tags                     = var.tags
  topic_arn                = local.topic_arn
  topic_kms_key_arn        = local.topic_kms_key_arn
  vpc                      = var.function.vpc

  environment = {
    ACCOUNTS = local.accounts_json
    # As short as possible: Lambda limits the environment to 4096 bytes.
    ALLOWED_DOMAINS           = jsonencode(local._widest_domains)
    CRITICAL_THRESHOLD_DAYS   = tostring(var.thresholds.critical_days)
    EVENT_BUS_NAME            = var.notifications.event_bus == null ? "" : var.notifications.event_bus.name
    EXPIRATION_THRESHOLD_DAYS = tostring(var.expiration_threshold_days)
    EXPORT_TARGETS            = jsonencode(var.export_targets)
    HOSTED_ZONES              = local.hosted_zones_json
    HOURS_BETWEEN_RUNS        = tostring(local._hours_between_runs)
    IMPORT_SOURCES            = local.import_sources_json
    # From the module, so that no run starts before the table exists.
    LEDGER_TABLE         = module.ledger[0].table_name
    LIMITS               = jsonencode(var.limits)
    NAME_PREFIX          = var.name_prefix
    ORGANIZATION         = local.organization_json
    OWNER_TAG            = var.notifications.owner_tag
    PUBLIC_DNS_RESOLVERS = local.public_dns_resolvers_json
    REBIND_CONSUMERS     = tostring(var.rebind_consumers)
    REGIONS              = jsonencode(local.regions)
    # From the module, so that no run starts before the bucket exists. Empty: no report.
    REPORT_BUCKET = var.report == null ? "" : module.report_bucket[0].name
    # Empty: delete nothing.
    RETIRE_SUPERSEDED_AFTER_DAYS = var.retire_superseded_after_days == null ? "" : tostring(var.retire_superseded_after_days)
    ROTATION_MODE                = var.rotation_mode
    RUNBOOK_URL                  = var.notifications.runbook_url == null ? "" : var.notifications.runbook_url
    SCOPE                        = jsonencode(local._scopes[0])
    SECURITY_HUB                 = tostring(var.notifications.security_hub)
    SNS_TOPIC_ARN                = local.topic_arn
    SUMMARY_AFTER_DAYS           = tostring(var.monitoring.summary_after_days)
    THRESHOLD_FRACTION           = tostring(var.thresholds.lifetime_fraction)
    TLS_PROBE                    = tostring(var.monitoring.tls_probe.enabled)
    TLS_PROBE_PRIVATE_ADDRESSES  = tostring(var.monitoring.tls_probe.private_addresses)
    UNMANAGED_ROTATION_MODE      = var.unmanaged_rotation_mode
  }
}

# With an organization, the schedule starts the state machine, which also scans this account.
module "schedule" {
  source = "./modules/schedule"
  count  = var.create && var.organization == null ? 1 : 0

  description         = "Starts ${local.rotation_name} to scan all certificates."
  function_arn        = module.rotation[0].function_arn
  function_name       = module.rotation[0].function_name
  name                = local.rotation_name
  schedule_expression = var.schedule_expression
  tags                = var.tags
}

module "organization" {
  source = "./modules/organization"
  count  = var.create && var.organization != null ? 1 : 0

  account_ids                  = var.organization.account_ids
  alarms                       = var.monitoring.alarms
  bucket_name                  = local.bucket_name
  excluded_account_ids         = var.organization.excluded_account_ids
  function_arn                 = module.rotation[0].function_arn
  function_name                = module.rotation[0].function_name
  max_concurrency              = var.organization.max_concurrency
  name                         = local.organization_name
  permissions_boundary_arn     = local._boundary_arn
  region                       = local.region
  role_path                    = var.function.role_path
  schedule_expression          = var.schedule_expression
  tags                         = var.tags
  tolerated_failure_percentage = var.organization.tolerated_failure_percentage
  topic_arn                    = local.topic_arn
}

# ACM sends events that must not wait for the schedule: renewal action required, approaching expiration, certificate available.
module "acm_events" {
  source = "./modules/schedule"
  count  = var.create ? 1 : 0

  description   = "Starts ${local.rotation_name} to scan the certificate of an ACM event."
  event_pattern = local.acm_events_json
  function_arn  = module.rotation[0].function_arn
  function_name = module.rotation[0].function_name
  name          = "${var.name_prefix}-acm-events"
  statement_id  = "LetEventsInvoke"
  tags          = var.tags
}

module "watch" {
  source = "./modules/watch"
  count  = var.create ? 1 : 0

  alarm_arns = concat(
    aws_cloudwatch_metric_alarm.failed_scopes[*].arn,
    module.creation[0].alarm_arns,
    module.rotation[0].alarm_arns,
    flatten(module.organization[*].alarm_arns),
  )
  alarms           = var.monitoring.alarms
  dashboard        = var.monitoring.dashboard
  function_name    = module.rotation[0].function_name
  instance         = var.name_prefix
  log_group_name   = module.rotation[0].log_group_name
  max_silence_days = var.monitoring.max_silence_days
  region           = local.region
  report_bucket    = one(module.report_bucket[*].name)
  runbook_url      = var.notifications.runbook_url
  tags             = var.tags
  topic_arn        = local.topic_arn
}

# The errors alarm reports an incomplete run; this one reports whole accounts or regions that were not scanned.
resource "aws_cloudwatch_metric_alarm" "failed_scopes" {
  count = var.create && var.monitoring.alarms ? 1 : 0

  alarm_name          = "${local.rotation_name}-failed-scopes"
  alarm_description   = "${local.rotation_name} could not scan a whole account and region. Its message and its log group ${module.rotation[0].log_group_name} contain the account, the region and the error."
  namespace           = "CertificateLifecycle"
  metric_name         = "FailedScopes"
  dimensions          = { Instance = var.name_prefix }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  # The function writes this metric at the end of a run, so most periods have no data point.
  treat_missing_data = "notBreaching"
  alarm_actions      = [local.topic_arn]
  ok_actions         = [local.topic_arn]
  tags               = var.tags
}
