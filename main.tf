data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition

  # `id` is the one attribute that provider 5 and 6 share: 6 deprecates `name`, 5 has no `region`.
  region = data.aws_region.current.id

  regions = length(var.regions) == 0 ? [local.region] : sort(var.regions)

  create_topic = var.create && var.notifications.topic_arn == null

  topic_arn         = local.create_topic ? one(module.notifications[*].topic_arn) : var.notifications.topic_arn
  topic_kms_key_arn = local.create_topic ? one(module.notifications[*].kms_key_arn) : var.notifications.kms_key_arn

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

  # Without default values, because Lambda limits the environment to 4096 bytes.
  accounts_json = jsonencode([
    for account in var.accounts : merge(
      { account_id = account.account_id, external_id = account.external_id, role_name = account.role_name },
      account.rotation_mode == "notify" ? {} : { rotation_mode = account.rotation_mode },
      account.rebind_consumers ? { rebind_consumers = true } : {},
    )
  ])

  # Not a conditional over the object: both sides must have one type, which would turn its number into a string.
  organization_json = var.organization == null ? "{}" : jsonencode(merge(
    {
      bucket          = local.bucket_name
      external_id     = var.organization.external_id
      max_concurrency = var.organization.max_concurrency
      role_name       = var.organization.role_name
    },
    var.organization.rotation_mode == "notify" ? {} : { rotation_mode = var.organization.rotation_mode },
    var.organization.rebind_consumers ? { rebind_consumers = true } : {},
  ))

  acm_events_json = jsonencode({
    source = ["aws.acm"]
    "detail-type" = [
      "ACM Certificate Approaching Expiration",
      "ACM Certificate Available",
      "ACM Certificate Expired",
      "ACM Certificate Renewal Action Required",
    ]
    # Only `Available` has an action. Imports are excluded, because the function itself may have made them.
    detail = { Action = [{ exists = false }, "ISSUANCE", "RENEWAL"] }
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
  kms_key_arn       = var.notifications.kms_key_arn
  name              = "${var.name_prefix}-notifications"
  tags              = var.tags
}

module "ledger" {
  source = "./modules/ledger"
  count  = var.create ? 1 : 0

  name = local.ledger_name
  tags = var.tags
}

module "report_bucket" {
  source = "./modules/bucket"
  count  = var.create && var.report_bucket_name != null ? 1 : 0

  # Reports are the record of past actions, so destroying the stack must not delete them.
  force_destroy  = false
  name           = var.report_bucket_name
  prefix         = "reports/"
  retention_days = var.report_retention_days
  tags           = var.tags
}

module "creation" {
  source = "./modules/function"
  count  = var.create ? 1 : 0

  alarms                   = var.alarms
  description              = "Requests certificates and validates them through DNS."
  filename                 = local.package
  handler                  = "certificate_lifecycle.handlers.creation.lambda_handler"
  kms_key_arn              = var.kms_key_arn
  layers                   = var.layers
  log_retention_days       = var.log_retention_days
  maximum_retry_attempts   = 2
  name                     = local.creation_name
  permissions_boundary_arn = var.permissions_boundary_arn
  policy_json              = local.creation_policy_json
  reserved_concurrency     = var.reserved_concurrency
  tags                     = var.tags
  topic_arn                = local.topic_arn
  topic_kms_key_arn        = local.topic_kms_key_arn

  environment = {
    # The input itself: the function also applies the default for an empty list, and Lambda limits the environment to 4096 bytes.
    ALLOWED_DOMAINS           = jsonencode(var.allowed_domains)
    DOMAIN_NAME               = var.domain_name
    HOSTED_ZONES              = local.hosted_zones_json
    INCLUDE_WWW               = tostring(var.include_www)
    KEY_ALGORITHM             = var.key_algorithm
    NAME_PREFIX               = var.name_prefix
    SUBJECT_ALTERNATIVE_NAMES = jsonencode(var.subject_alternative_names)
  }
}

module "rotation" {
  source = "./modules/function"
  count  = var.create ? 1 : 0

  alarms               = var.alarms
  counts_subscriptions = true
  description          = "Scans all certificates, repairs and replaces them, and sends notifications."
  filename             = local.package
  handler              = "certificate_lifecycle.handlers.rotation.lambda_handler"
  kms_key_arn          = var.kms_key_arn
  layers               = var.layers
  log_retention_days   = var.log_retention_days
  # No retry: an incomplete run has already sent its message, a retry would send another, and the next scheduled run scans again.
  maximum_retry_attempts = 0
  # Measured: 90 MB for a scan of 10,000 certificates, twice that for the message about 5,000 accounts.
  memory_mb                = var.organization == null ? 256 : 512
  name                     = local.rotation_name
  permissions_boundary_arn = var.permissions_boundary_arn
  policy_json              = local.rotation_policy_json
  reserved_concurrency     = var.reserved_concurrency
  tags                     = var.tags
  topic_arn                = local.topic_arn
  topic_kms_key_arn        = local.topic_kms_key_arn

  environment = {
    ACCOUNTS = local.accounts_json
    # As short as possible: Lambda limits the environment to 4096 bytes.
    ALLOWED_DOMAINS           = jsonencode(local._widest_domains)
    CRITICAL_THRESHOLD_DAYS   = tostring(var.critical_threshold_days)
    EVENT_BUS_NAME            = var.notifications.event_bus_name == null ? "" : var.notifications.event_bus_name
    EXPIRATION_THRESHOLD_DAYS = tostring(var.expiration_threshold_days)
    EXPORT_TARGETS            = jsonencode(var.export_targets)
    HOSTED_ZONES              = local.hosted_zones_json
    IMPORT_SOURCES            = local.import_sources_json
    # From the module, so that no run starts before the table exists.
    LEDGER_TABLE     = module.ledger[0].table_name
    NAME_PREFIX      = var.name_prefix
    ORGANIZATION     = local.organization_json
    OWNER_TAG        = var.owner_tag
    REBIND_CONSUMERS = tostring(var.rebind_consumers)
    REGIONS          = jsonencode(local.regions)
    # From the module, so that no run starts before the bucket exists. Empty: no report.
    REPORT_BUCKET = var.report_bucket_name == null ? "" : module.report_bucket[0].name
    # Empty: delete nothing.
    RETIRE_SUPERSEDED_AFTER_DAYS = var.retire_superseded_after_days == null ? "" : tostring(var.retire_superseded_after_days)
    ROTATION_MODE                = var.rotation_mode
    SECURITY_HUB                 = tostring(var.notifications.security_hub)
    SNS_TOPIC_ARN                = local.topic_arn
    SUMMARY_AFTER_DAYS           = tostring(var.summary_after_days)
    THRESHOLD_FRACTION           = tostring(var.threshold_fraction)
    TLS_PROBE                    = tostring(var.tls_probe.enabled)
    TLS_PROBE_PRIVATE_ADDRESSES  = tostring(var.tls_probe.private_addresses)
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
  alarms                       = var.alarms
  bucket_name                  = local.bucket_name
  excluded_account_ids         = var.organization.excluded_account_ids
  function_arn                 = module.rotation[0].function_arn
  function_name                = module.rotation[0].function_name
  max_concurrency              = var.organization.max_concurrency
  name                         = local.organization_name
  permissions_boundary_arn     = var.permissions_boundary_arn
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
  alarms           = var.alarms
  dashboard        = var.dashboard
  function_name    = module.rotation[0].function_name
  instance         = var.name_prefix
  log_group_name   = module.rotation[0].log_group_name
  max_silence_days = var.max_silence_days
  tags             = var.tags
  topic_arn        = local.topic_arn
}

# The errors alarm reports an incomplete run; this one reports whole accounts or regions that were not scanned.
resource "aws_cloudwatch_metric_alarm" "failed_scopes" {
  count = var.create && var.alarms ? 1 : 0

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
