# What each function may do, as JSON text, so that a test can read the very policy that AWS will judge by.
# modules/function adds what both need: their own logs, and the topic that hears of findings and failures.

locals {
  # Names that the creation function may ask for. Empty input: just what this module was told to issue.
  allowed_domains = (
    length(var.allowed_domains) > 0
    ? var.allowed_domains
    : distinct(concat([var.domain_name], var.subject_alternative_names))
  )

  # Without those that lie below another plain one, because a policy has a size limit.
  _widest_domains = [
    for domain in local.allowed_domains : domain if !anytrue([
      for other in local.allowed_domains : endswith(domain, ".${other}")
    ])
  ]

  # A plain name allows itself and everything below it; a wildcard only what is below.
  _allowed_name_patterns = distinct(flatten([
    for domain in local._widest_domains :
    startswith(domain, "*.") ? [domain] : [domain, "*.${domain}"]
  ]))

  # ACM's validation records are named `_<hash>.<name>`, and a wildcard shares the record of its base name.
  _allowed_record_patterns = distinct([
    for domain in local._widest_domains : "_*.${trimprefix(domain, "*.")}"
  ])

  # Zones of other accounts are reached through their role, so this account's policy names only its own.
  _own_zone_ids   = distinct([for zone in values(var.hosted_zones) : zone.zone_id if zone.role_arn == null])
  _zone_role_arns = distinct([for zone in values(var.hosted_zones) : zone.role_arn if zone.role_arn != null])
  _zone_arns = (
    length(var.hosted_zones) == 0
    ? ["arn:${local.partition}:route53:::hostedzone/*"]
    : [for id in local._own_zone_ids : "arn:${local.partition}:route53:::hostedzone/${id}"]
  )

  _certificates_everywhere = "arn:${local.partition}:acm:*:${local.account_id}:certificate/*"
  # Where import sources and export targets may be: in this account, in a region that is looked at.
  _certificates_here = [for region in local.regions : "arn:${local.partition}:acm:${region}:${local.account_id}:certificate/"]

  _list_certificates = {
    Sid    = "ListCertificates"
    Effect = "Allow"
    Action = ["acm:ListCertificates"]
    # "*": AWS defines no resource type for this action.
    Resource = ["*"]
  }

  # With explicit zones there is nothing to discover, so nothing to list.
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

  _assume_zone_roles = length(local._zone_role_arns) == 0 ? [] : [{
    Sid      = "ReachZonesOfOtherAccounts"
    Effect   = "Allow"
    Action   = ["sts:AssumeRole"]
    Resource = local._zone_role_arns
  }]

  _assume_account_roles = length(var.accounts) == 0 ? [] : [{
    Sid      = "ReachOtherAccounts"
    Effect   = "Allow"
    Action   = ["sts:AssumeRole"]
    Resource = [for account in var.accounts : "arn:${local.partition}:iam::${account.account_id}:role/${account.role_name}"]
  }]

  _organization = [for statement in [
    {
      Sid      = "ReachAccountsOfTheOrganization"
      Effect   = "Allow"
      Action   = ["sts:AssumeRole"]
      Resource = ["arn:${local.partition}:iam::*:role/${try(var.organization.role_name, "")}"]
      # Accounts come and go; what lies outside the organization is out of reach.
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
    # With a list of accounts there is nothing to ask for.
  ] : statement if var.organization != null && (statement.Sid != "ListAccountsOfTheOrganization" || length(try(var.organization.account_ids, [])) == 0)]

  _mends    = var.rotation_mode != "notify"
  _replaces = var.rotation_mode == "replace"

  _import_sources = local._mends ? var.import_sources : {}

  # The AWS managed key of Secrets Manager lets the account use it through Secrets Manager; only a customer's key needs a grant.
  _secrets_with_a_key = { for arn, source in local._import_sources : arn => source if source.kms_key_arn != null }

  _reimport = length(local._import_sources) == 0 ? [] : [
    {
      Sid      = "ReadImportSources"
      Effect   = "Allow"
      Action   = ["secretsmanager:GetSecretValue"]
      Resource = distinct(values(local._import_sources)[*].secret_arn)
    },
    {
      Sid      = "ImportNewerVersions"
      Effect   = "Allow"
      Action   = ["acm:ImportCertificate"]
      Resource = keys(local._import_sources)
    },
  ]

  _decrypt_sources = length(local._secrets_with_a_key) == 0 ? [] : [{
    Sid      = "DecryptImportSources"
    Effect   = "Allow"
    Action   = ["kms:Decrypt"]
    Resource = distinct(values(local._secrets_with_a_key)[*].kms_key_arn)
    Condition = {
      # Secrets Manager binds what it encrypts to the secret, so the key opens these secrets and nothing else.
      StringEquals = {
        "kms:EncryptionContext:SecretARN" = distinct(values(local._secrets_with_a_key)[*].secret_arn)
      }
    }
  }]

  # ForAllValues is also true when the key is absent from the request; `Null` closes that door.
  _records_present = {
    "route53:ChangeResourceRecordSetsActions"               = "false"
    "route53:ChangeResourceRecordSetsNormalizedRecordNames" = "false"
    "route53:ChangeResourceRecordSetsRecordTypes"           = "false"
  }
  _upsert_cnames = {
    "route53:ChangeResourceRecordSetsActions"     = ["UPSERT"]
    "route53:ChangeResourceRecordSetsRecordTypes" = ["CNAME"]
  }

  # Mode notify writes nothing, so it needs none of this.
  _exports = local._mends ? var.export_targets : {}
  _export_certificates = length(local._exports) == 0 ? [] : [
    {
      Sid      = "ExportAndRenewCertificates"
      Effect   = "Allow"
      Action   = ["acm:ExportCertificate", "acm:RenewCertificate"]
      Resource = keys(local._exports)
    },
    {
      Sid      = "ReadPassphrasesOfExports"
      Effect   = "Allow"
      Action   = ["secretsmanager:GetSecretValue"]
      Resource = distinct(values(local._exports)[*].passphrase_secret_arn)
    },
    {
      # Without GetSecretValue: what was written is never read back.
      Sid      = "WriteExports"
      Effect   = "Allow"
      Action   = ["secretsmanager:DescribeSecret", "secretsmanager:PutSecretValue"]
      Resource = values(local._exports)[*].secret_arn
    },
  ]

  # In every mode: what was told is remembered, so that it is told once.
  _remember = [{
    Sid    = "RememberInTheLedger"
    Effect = "Allow"
    Action = concat(
      ["dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:Query"],
      # Counts the requests of a day.
      local._replaces ? ["dynamodb:UpdateItem"] : [],
    )
    Resource = ["arn:${local.partition}:dynamodb:${local.region}:${local.account_id}:table/${local.ledger_name}"]
  }]

  # Without GetObject: no run reads what another one reported.
  _report = var.report_bucket_name == null ? [] : [{
    Sid      = "WriteReports"
    Effect   = "Allow"
    Action   = ["s3:PutObject"]
    Resource = ["arn:${local.partition}:s3:::${var.report_bucket_name}/reports/${var.name_prefix}/*"]
  }]

  _send_events = var.notifications.event_bus_name == null ? [] : [{
    Sid      = "SendEvents"
    Effect   = "Allow"
    Action   = ["events:PutEvents"]
    Resource = ["arn:${local.partition}:events:${local.region}:${local.account_id}:event-bus/${var.notifications.event_bus_name}"]
    # In its own name only: other events on the bus may start things.
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
      # AWS knows nothing narrower than the hub: the function asks for its own findings.
      Sid      = "SeeReportedFindings"
      Effect   = "Allow"
      Action   = ["securityhub:GetFindings"]
      Resource = ["arn:${local.partition}:securityhub:${local.region}:${local.account_id}:hub/default"]
    },
  ]

  # A list of statements that differ in shape has no type to choose from, so that each is kept or dropped for itself.

  creation_policy_json = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        local._list_certificates,
        {
          Sid    = "ReadCertificates"
          Effect = "Allow"
          Action = ["acm:DescribeCertificate"]
          # Any region: an event may ask for another one, as CloudFront reads its certificates in us-east-1 only.
          Resource = [local._certificates_everywhere]
        },
        {
          Sid      = "RequestPublicCertificates"
          Effect   = "Allow"
          Action   = ["acm:RequestCertificate"]
          Resource = [local._certificates_everywhere]
          Condition = {
            "ForAllValues:StringLike" = { "acm:DomainNames" = local._allowed_name_patterns }
            Null = {
              "acm:CertificateAuthority" = "true"
              "acm:DomainNames"          = "false"
            }
            StringEquals = {
              "acm:ValidationMethod"     = "DNS"
              "aws:RequestTag/ManagedBy" = var.name_prefix
            }
          }
        },
        {
          # A private authority validates nothing, so there is no validation method to pin.
          Sid      = "RequestPrivateCertificates"
          Effect   = "Allow"
          Action   = ["acm:RequestCertificate"]
          Resource = [local._certificates_everywhere]
          Condition = {
            "ForAllValues:StringLike" = { "acm:DomainNames" = local._allowed_name_patterns }
            Null = {
              "acm:CertificateAuthority" = "false"
              "acm:DomainNames"          = "false"
            }
            StringEquals = { "aws:RequestTag/ManagedBy" = var.name_prefix }
          }
        },
        {
          # ACM checks this one too when a request carries tags.
          Sid       = "TagCertificatesAsManaged"
          Effect    = "Allow"
          Action    = ["acm:AddTagsToCertificate"]
          Resource  = [local._certificates_everywhere]
          Condition = { StringEquals = { "aws:RequestTag/ManagedBy" = var.name_prefix } }
        },
      ],
      local._list_hosted_zones,
      local._read_records,
      length(local._zone_arns) == 0 ? [] : [{
        Sid      = "WriteValidationRecords"
        Effect   = "Allow"
        Action   = ["route53:ChangeResourceRecordSets"]
        Resource = local._zone_arns
        Condition = {
          "ForAllValues:StringEquals" = local._upsert_cnames
          "ForAllValues:StringLike" = {
            "route53:ChangeResourceRecordSetsNormalizedRecordNames" = local._allowed_record_patterns
          }
          Null = local._records_present
        }
      }],
      local._assume_zone_roles,
    )
  })

  rotation_policy_json = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      jsondecode(module.certificate_access.policy_json).Statement,
      local._assume_zone_roles,
      local._assume_account_roles,
      local._organization,
      local._reimport,
      local._decrypt_sources,
      local._export_certificates,
      local._remember,
      local._report,
      local._send_events,
      local._report_findings,
    )
  })
}

module "certificate_access" {
  source = "./modules/certificate-access"

  account_id        = local.account_id
  find_zones        = length(var.hosted_zones) == 0
  partition         = local.partition
  rebind_consumers  = var.rebind_consumers
  regions           = local.regions
  retire_superseded = var.retire_superseded_after_days != null
  rotation_mode     = var.rotation_mode
  zone_arns         = local._zone_arns
}
