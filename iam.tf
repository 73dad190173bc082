# The policy of each function, as JSON text, so that tests evaluate the same policy as AWS.
# modules/function adds the statements of both: their own logs, and the topic for findings and failures.

locals {
  # Domains that the creation function may request. Empty input: the names of the declared certificates.
  allowed_domains = (
    length(var.allowed_domains) > 0
    ? var.allowed_domains
    : distinct(flatten([for certificate in values(local.certificates) : concat([certificate.domain_name], certificate.subject_alternative_names)]))
  )

  _widest_domains = module.certificate_access.allowed_domains

  # An instance without allowed domains only watches.
  _issues = length(local.allowed_domains) > 0

  # Zones of other accounts are accessed through their role, so this policy lists only zones of this account.
  _own_zone_ids   = distinct([for zone in values(var.hosted_zones) : zone.zone_id if zone.role_arn == null])
  _zone_role_arns = distinct([for zone in values(var.hosted_zones) : zone.role_arn if zone.role_arn != null])
  _zone_arns = (
    length(var.hosted_zones) == 0
    ? ["arn:${local.partition}:route53:::hostedzone/*"]
    : [for id in local._own_zone_ids : "arn:${local.partition}:route53:::hostedzone/${id}"]
  )

  _certificates_everywhere = "arn:${local.partition}:acm:*:${local.account_id}:certificate/*"
  # Import sources and export targets must be in this account, in a monitored region.
  _certificates_here = [for region in local.regions : "arn:${local.partition}:acm:${region}:${local.account_id}:certificate/"]

  # The parameters with the ARNs of the declared certificates. Terraform creates them; the functions write their values.
  _pointers = "arn:${local.partition}:ssm:${local.region}:${local.account_id}:parameter/${var.name_prefix}/certificates"

  _list_certificates = {
    Sid    = "ListCertificates"
    Effect = "Allow"
    Action = ["acm:ListCertificates"]
    # "*": AWS defines no resource type for this action.
    Resource = ["*"]
  }

  # Explicit zones need no discovery.
  _list_hosted_zones = length(var.hosted_zones) > 0 ? [] : [{
    Sid    = "FindPublicHostedZones"
    Effect = "Allow"
    Action = ["route53:ListHostedZones"]
    # "*": AWS defines no resource type for this action.
    Resource = ["*"]
  }]

  _read_records = length(local._zone_arns) == 0 ? [] : [{
    Sid      = "ReadValidationRecords"
    Effect   = "Allow"
    Action   = ["route53:ListResourceRecordSets"]
    Resource = local._zone_arns
  }]

  _account_role_arns = [for account in var.accounts : "arn:${local.partition}:iam::${account.account_id}:role/${account.role_name}"]

  # By function. Only rotation scans other accounts.
  _reach_other_accounts = {
    for function, arns in {
      creation = local._zone_role_arns
      rotation = distinct(concat(local._zone_role_arns, local._account_role_arns))
      } : function => [for statement in [{
        Sid      = "ReachOtherAccounts"
        Effect   = "Allow"
        Action   = ["sts:AssumeRole"]
        Resource = arns
    }] : statement if length(arns) > 0]
  }

  _organization = [for statement in [
    {
      Sid      = "ReachAccountsOfTheOrganization"
      Effect   = "Allow"
      Action   = ["sts:AssumeRole"]
      Resource = ["arn:${local.partition}:iam::*:role/${try(var.organization.role_name, "")}"]
      # Any account, because the list changes, but only within the organization.
      Condition = { StringEquals = { "aws:ResourceOrgID" = try(var.organization.organization_id, "") } }
    },
    {
      Sid    = "ListAccountsOfTheOrganization"
      Effect = "Allow"
      Action = ["organizations:ListAccounts"]
      # "*": AWS defines no resource type for this action.
      Resource = ["*"]
    },
    {
      Sid      = "KeepWhatARunFinds"
      Effect   = "Allow"
      Action   = ["s3:GetObject", "s3:PutObject"]
      Resource = ["arn:${local.partition}:s3:::${local.bucket_name}/runs/*"]
    },
    {
      Sid       = "ListWhatARunFound"
      Effect    = "Allow"
      Action    = ["s3:ListBucket"]
      Resource  = ["arn:${local.partition}:s3:::${local.bucket_name}"]
      Condition = { StringLike = { "s3:prefix" = "runs/*/accounts/" } }
    },
    # With account_ids, AWS Organizations is not called.
  ] : statement if var.organization != null && (statement.Sid != "ListAccountsOfTheOrganization" || length(try(var.organization.account_ids, [])) == 0)]

  # The configuration names these certificates, so they need no other permission to be changed.
  _repairs = var.rotation_mode != "notify"

  _import_sources = local._repairs ? var.import_sources : {}

  # Only customer managed keys need a permission: the AWS managed key allows use through Secrets Manager.
  _secrets_with_a_key = { for arn, source in local._import_sources : arn => source if source.kms_key_arn != null }

  _reimport = length(local._import_sources) == 0 ? [] : [{
    Sid      = "ImportNewerVersions"
    Effect   = "Allow"
    Action   = ["acm:GetCertificate", "acm:ImportCertificate"]
    Resource = keys(local._import_sources)
  }]

  _decrypt_sources = length(local._secrets_with_a_key) == 0 ? [] : [{
    Sid      = "DecryptImportSources"
    Effect   = "Allow"
    Action   = ["kms:Decrypt"]
    Resource = distinct(values(local._secrets_with_a_key)[*].kms_key_arn)
    Condition = {
      # Secrets Manager sets the secret's ARN as encryption context, so the key decrypts only these secrets.
      StringEquals = {
        "kms:EncryptionContext:SecretARN" = distinct(values(local._secrets_with_a_key)[*].secret_arn)
      }
    }
  }]

  # ForAllValues is also true if the key is absent from the request; `Null` excludes that case.
  _records_present = {
    "route53:ChangeResourceRecordSetsActions"               = "false"
    "route53:ChangeResourceRecordSetsNormalizedRecordNames" = "false"
    "route53:ChangeResourceRecordSetsRecordTypes"           = "false"
  }
  _upsert_cnames = {
    "route53:ChangeResourceRecordSetsActions"     = ["UPSERT"]
    "route53:ChangeResourceRecordSetsRecordTypes" = ["CNAME"]
  }

  # Mode notify exports nothing.
  _exports = local._repairs ? var.export_targets : {}
  _export_certificates = length(local._exports) == 0 ? [] : [
    {
      Sid      = "ExportAndRenewCertificates"
      Effect   = "Allow"
      Action   = ["acm:ExportCertificate", "acm:RenewCertificate"]
      Resource = keys(local._exports)
    },
    {
      # Without GetSecretValue: the function never reads exported keys.
      Sid      = "WriteExports"
      Effect   = "Allow"
      Action   = ["secretsmanager:DescribeSecret", "secretsmanager:PutSecretValue"]
      Resource = values(local._exports)[*].secret_arn
    },
  ]

  # Import sources, and the passphrases of exports.
  _read_secret_arns = distinct(concat(values(local._import_sources)[*].secret_arn, values(local._exports)[*].passphrase_secret_arn))
  _read_secrets = length(local._read_secret_arns) == 0 ? [] : [{
    Sid      = "ReadSecrets"
    Effect   = "Allow"
    Action   = ["secretsmanager:GetSecretValue"]
    Resource = local._read_secret_arns
  }]

  # In every mode, because sent notifications are recorded.
  _remember = [{
    Sid    = "RememberInTheLedger"
    Effect = "Allow"
    Action = concat(
      ["dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:Query"],
      # For the daily limit of requests.
      module.certificate_access.replaces ? ["dynamodb:UpdateItem"] : [],
    )
    Resource = ["arn:${local.partition}:dynamodb:${local.region}:${local.account_id}:table/${local.ledger_name}"]
  }]

  _find_pointers = {
    Sid      = "FindPointers"
    Effect   = "Allow"
    Action   = ["ssm:GetParametersByPath"]
    Resource = [local._pointers]
  }

  _follow_pointers = [
    local._find_pointers,
    {
      Sid    = "UsePointers"
      Effect = "Allow"
      Action = concat(
        ["ssm:GetParameter"],
        # For the successor of a certificate.
        module.certificate_access.replaces ? ["ssm:PutParameter"] : [],
      )
      Resource = ["${local._pointers}/*"]
    },
  ]

  # Without GetObject: no run reads the report of another.
  _report = var.report == null ? [] : [{
    Sid      = "WriteReports"
    Effect   = "Allow"
    Action   = ["s3:PutObject"]
    Resource = ["arn:${local.partition}:s3:::${var.report.bucket_name}/reports/${var.name_prefix}/*"]
  }]

  _send_events = var.notifications.event_bus == null ? [] : [{
    Sid      = "SendEvents"
    Effect   = "Allow"
    Action   = ["events:PutEvents"]
    Resource = ["arn:${local.partition}:events:${local.region}:${local.account_id}:event-bus/${var.notifications.event_bus.name}"]
    # Only with this source, because other events on the bus may start actions.
    Condition = { StringEquals = { "events:source" = "certificate-lifecycle" } }
  }]

  _report_findings = !var.notifications.security_hub ? [] : [
    {
      Sid      = "ReportFindings"
      Effect   = "Allow"
      Action   = ["securityhub:BatchImportFindings"]
      Resource = ["arn:${local.partition}:securityhub:${local.region}:${local.account_id}:product/${local.account_id}/default"]
    },
    {
      # AWS supports no narrower resource than the hub. The function filters by its own findings.
      Sid      = "SeeReportedFindings"
      Effect   = "Allow"
      Action   = ["securityhub:GetFindings"]
      Resource = ["arn:${local.partition}:securityhub:${local.region}:${local.account_id}:hub/default"]
    },
  ]

  # The statements have different types, so a conditional over a list of them fails; each one is a list of its own.

  creation_policy_json = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        local._list_certificates,
        {
          Sid    = "ReadCertificates"
          Effect = "Allow"
          Action = ["acm:DescribeCertificate", "acm:ListTagsForCertificate"]
          # Any region: an event may name another one, such as us-east-1 for CloudFront.
          Resource = [local._certificates_everywhere]
        },
      ],
      [for statement in [
        {
          Sid      = "RequestCertificates"
          Effect   = "Allow"
          Action   = ["acm:RequestCertificate"]
          Resource = [local._certificates_everywhere]
          Condition = {
            "ForAllValues:StringLike" = { "acm:DomainNames" = module.certificate_access.allowed_names }
            Null                      = { "acm:DomainNames" = "false" }
            StringEquals              = { "aws:RequestTag/ManagedBy" = var.name_prefix }
          }
        },
        module.certificate_access.refuse_other_validation,
        {
          # ACM also requires this permission if a request has tags.
          Sid      = "TagCertificatesAsManaged"
          Effect   = "Allow"
          Action   = ["acm:AddTagsToCertificate"]
          Resource = [local._certificates_everywhere]
          Condition = {
            StringEquals = { "aws:RequestTag/ManagedBy" = var.name_prefix }
            # A new certificate has no tags yet. Certificates of other tools and instances have their own value.
            StringEqualsIfExists = { "aws:ResourceTag/ManagedBy" = var.name_prefix }
          }
        },
        {
          # An equal certificate that the instance issued before may lack tags of the event.
          Sid       = "TagIssuedCertificates"
          Effect    = "Allow"
          Action    = ["acm:AddTagsToCertificate"]
          Resource  = [local._certificates_everywhere]
          Condition = { StringEquals = { "aws:ResourceTag/ManagedBy" = var.name_prefix } }
        },
        {
          Sid      = "UsePointers"
          Effect   = "Allow"
          Action   = ["ssm:GetParameter", "ssm:PutParameter"]
          Resource = ["${local._pointers}/*"]
        },
      ] : statement if local._issues],
      [for statement in [
        {
          Sid       = "DeleteIssuedCertificates"
          Effect    = "Allow"
          Action    = ["acm:DeleteCertificate"]
          Resource  = [local._certificates_everywhere]
          Condition = { StringEquals = { "aws:ResourceTag/ManagedBy" = var.name_prefix } }
        },
        # A certificate that another pointer names is kept.
        local._find_pointers,
      ] : statement if anytrue([for certificate in values(local.certificates) : certificate.on_destroy == "delete"])],
      local._list_hosted_zones,
      local._read_records,
      [for statement in [
        {
          Sid      = "WriteValidationRecords"
          Effect   = "Allow"
          Action   = ["route53:ChangeResourceRecordSets"]
          Resource = local._zone_arns
          Condition = {
            "ForAllValues:StringEquals" = local._upsert_cnames
            "ForAllValues:StringLike" = {
              "route53:ChangeResourceRecordSetsNormalizedRecordNames" = module.certificate_access.allowed_records
            }
            # A condition has each operator once. The key is always present, see `Null`, so this operator is the same.
            "ForAllValues:StringLikeIfExists" = {
              "route53:ChangeResourceRecordSetsNormalizedRecordNames" = ["${module.certificate_access.validation_label}.*"]
            }
            Null = local._records_present
          }
        },
        module.certificate_access.refuse_other_records,
      ] : statement if local._issues && length(local._zone_arns) > 0],
      local._reach_other_accounts.creation,
    )
  })

  rotation_policy_json = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      jsondecode(module.certificate_access.policy_json).Statement,
      local._reach_other_accounts.rotation,
      local._organization,
      local._read_secrets,
      local._reimport,
      local._decrypt_sources,
      local._export_certificates,
      local._remember,
      local._follow_pointers,
      local._report,
      local._send_events,
      local._report_findings,
    )
  })
}

module "certificate_access" {
  source = "./modules/certificate-access"

  account_id              = local.account_id
  allowed_domains         = local.allowed_domains
  find_zones              = length(var.hosted_zones) == 0
  include_domains         = var.scope.include.domains
  name_prefix             = var.name_prefix
  partition               = local.partition
  rebind_consumers        = var.rebind_consumers
  regions                 = local.regions
  retire_superseded       = var.retire_superseded_after_days != null
  rotation_mode           = var.rotation_mode
  unmanaged_rotation_mode = var.unmanaged_rotation_mode
  zone_arns               = local._zone_arns
}
