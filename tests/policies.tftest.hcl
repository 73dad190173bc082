# The policies of the functions, as JSON.
# tests/terraform/test_permissions.py compares the actions with those that the adapters declare.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  domain_name               = "shop.example.com"
  subject_alternative_names = ["*.shop.example.net"]
}

run "creation_may_request_only_the_allowed_names_validated_by_dns_and_tagged" {
  command = plan

  assert {
    condition = [for s in jsondecode(local.creation_policy_json).Statement : s if contains(s.Action, "acm:RequestCertificate")] == [
      {
        Sid      = "RequestCertificates"
        Effect   = "Allow"
        Action   = ["acm:RequestCertificate"]
        Resource = ["arn:aws:acm:*:123456789012:certificate/*"]
        Condition = {
          "ForAllValues:StringLike" = { "acm:DomainNames" = ["shop.example.com", "*.shop.example.com", "*.shop.example.net"] }
          Null                      = { "acm:DomainNames" = "false" }
          StringEquals              = { "aws:RequestTag/ManagedBy" = "certificate-lifecycle" }
        }
      },
      {
        Sid      = "RefuseOtherValidation"
        Effect   = "Deny"
        Action   = ["acm:RequestCertificate"]
        Resource = ["arn:aws:acm:*:123456789012:certificate/*"]
        Condition = {
          Null            = { "acm:CertificateAuthority" = "true" }
          StringNotEquals = { "acm:ValidationMethod" = "DNS" }
        }
      },
    ]
    error_message = "A request must be limited to the allowed names and the tag, and to DNS validation without a CA."
  }
}

run "creation_may_write_only_validation_records_of_the_allowed_names" {
  command = plan

  assert {
    condition = { for s in jsondecode(local.creation_policy_json).Statement : s.Sid => s }["WriteValidationRecords"].Condition == {
      "ForAllValues:StringEquals" = {
        "route53:ChangeResourceRecordSetsActions"     = ["UPSERT"]
        "route53:ChangeResourceRecordSetsRecordTypes" = ["CNAME"]
      }
      "ForAllValues:StringLike" = {
        "route53:ChangeResourceRecordSetsNormalizedRecordNames" = ["*.shop.example.com", "*.shop.example.net"]
      }
      "ForAllValues:StringLikeIfExists" = {
        "route53:ChangeResourceRecordSetsNormalizedRecordNames" = ["_????????????????????????????????.*"]
      }
      Null = {
        "route53:ChangeResourceRecordSetsActions"               = "false"
        "route53:ChangeResourceRecordSetsNormalizedRecordNames" = "false"
        "route53:ChangeResourceRecordSetsRecordTypes"           = "false"
      }
    }
    error_message = "Route 53 changes must be limited to UPSERT of CNAMEs in the allowed domains, with these keys present."
  }
}

run "explicit_allowed_domains_replace_the_derived_ones" {
  command = plan

  variables {
    allowed_domains = ["example.com", "*.example.net"]
  }

  assert {
    condition     = { for s in jsondecode(local.creation_policy_json).Statement : s.Sid => s }["RequestCertificates"].Condition["ForAllValues:StringLike"]["acm:DomainNames"] == ["example.com", "*.example.com", "*.example.net"]
    error_message = "A plain domain must allow itself and names below it, a wildcard only names below it."
  }
}

run "without_explicit_zones_the_functions_may_list_them" {
  command = plan

  assert {
    condition     = { for s in jsondecode(local.creation_policy_json).Statement : s.Sid => s }["FindPublicHostedZones"].Resource == ["*"]
    error_message = "ListHostedZones supports no narrower resource."
  }

  assert {
    condition     = { for s in jsondecode(local.creation_policy_json).Statement : s.Sid => s }["WriteValidationRecords"].Resource == ["arn:aws:route53:::hostedzone/*"]
    error_message = "Without explicit zones, all zones must be allowed."
  }

  assert {
    condition     = !contains([for s in jsondecode(local.creation_policy_json).Statement : s.Sid], "ReachOtherAccounts")
    error_message = "Without zones of other accounts, no role must be allowed."
  }
}

run "policies_contain_only_explicit_zones" {
  command = plan

  variables {
    hosted_zones = {
      "example.com" = { zone_id = "Z1OWN" }
      "example.net" = { zone_id = "Z2OTHER", role_arn = "arn:aws:iam::210987654321:role/records" }
    }
  }

  assert {
    condition = alltrue(flatten([
      for policy in [local.creation_policy_json, local.rotation_policy_json] : [
        for statement in jsondecode(policy).Statement :
        [for resource in statement.Resource : resource if strcontains(resource, ":route53:")] == ["arn:aws:route53:::hostedzone/Z1OWN"]
        if anytrue([for action in statement.Action : startswith(action, "route53:")]) && statement.Effect == "Allow"
      ]
    ]))
    error_message = "With explicit zones, both functions must be limited to those of this account."
  }

  assert {
    condition = alltrue([
      for policy in [local.creation_policy_json, local.rotation_policy_json] :
      { for s in jsondecode(policy).Statement : s.Sid => s }["ReachOtherAccounts"].Resource == ["arn:aws:iam::210987654321:role/records"]
    ])
    error_message = "Both functions must be able to assume exactly the roles of the zones."
  }
}

run "zones_of_other_accounts_need_no_route_53_permissions" {
  command = plan

  variables {
    hosted_zones = {
      "example.net" = { zone_id = "Z2OTHER", role_arn = "arn:aws:iam::210987654321:role/records" }
    }
  }

  assert {
    condition = length(flatten([
      for policy in [local.creation_policy_json, local.rotation_policy_json] : [
        for statement in jsondecode(policy).Statement : statement.Sid if anytrue([for action in statement.Action : startswith(action, "route53:")])
      ]
    ])) == 0
    error_message = "Zones of other accounts must give no permissions on zones of this account."
  }
}

run "both_functions_are_denied_records_that_only_look_like_validation_records" {
  command = plan

  assert {
    condition = alltrue([
      for policy in [local.creation_policy_json, local.rotation_policy_json] :
      { for s in jsondecode(policy).Statement : s.Sid => s }["RefuseOtherRecords"] == {
        Sid      = "RefuseOtherRecords"
        Effect   = "Deny"
        Action   = ["route53:ChangeResourceRecordSets"]
        Resource = ["arn:aws:route53:::hostedzone/*"]
        Condition = {
          "ForAnyValue:StringLike" = {
            "route53:ChangeResourceRecordSetsNormalizedRecordNames" = concat(
              [for length in range(16) : "_${join("", [for n in range(length) : "?"])}.*"],
              ["*._*", "_cf-*", "_github-*", "_gitlab-*", "_validation-*"],
            )
          }
        }
      }
    ])
    error_message = "Short labels, later labels with an underscore and known longer labels must be denied in every zone."
  }
}

run "rotation_may_write_only_validation_records" {
  command = plan

  variables {
    rotation_mode = "repair"
  }

  assert {
    condition     = { for s in jsondecode(local.rotation_policy_json).Statement : s.Sid => s }["RestoreValidationRecords"].Condition["ForAllValues:StringLike"]["route53:ChangeResourceRecordSetsNormalizedRecordNames"] == ["_????????????????????????????????.*"]
    error_message = "Rotation must be limited to names of the form of validation records."
  }

  assert {
    condition     = { for s in jsondecode(local.rotation_policy_json).Statement : s.Sid => s }["RestoreValidationRecords"].Condition["ForAllValues:StringLikeIfExists"]["route53:ChangeResourceRecordSetsNormalizedRecordNames"] == ["*.shop.example.com", "*.shop.example.net"]
    error_message = "Without an unmanaged_rotation_mode, rotation must be limited to the allowed domains."
  }
}

run "rotation_may_export_only_certificates_with_a_target" {
  command = plan

  variables {
    export_targets = {
      "arn:aws:acm:eu-west-1:123456789012:certificate/one" = {
        passphrase_secret_arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:passphrase-AbCd12"
        secret_arn            = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:one-AbCd12"
      }
      "arn:aws:acm:eu-west-1:123456789012:certificate/two" = {
        passphrase_secret_arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:passphrase-AbCd12"
        secret_arn            = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:two-AbCd12"
      }
    }
  }

  assert {
    condition = [for s in jsondecode(local.rotation_policy_json).Statement : s if anytrue([
      for action in s.Action : startswith(action, "secretsmanager:") || contains(["acm:ExportCertificate", "acm:RenewCertificate"], action)
      ])] == [
      {
        Sid      = "ReadSecrets"
        Effect   = "Allow"
        Action   = ["secretsmanager:GetSecretValue"]
        Resource = ["arn:aws:secretsmanager:eu-west-1:123456789012:secret:passphrase-AbCd12"]
      },
      {
        Sid      = "ExportAndRenewCertificates"
        Effect   = "Allow"
        Action   = ["acm:ExportCertificate", "acm:RenewCertificate"]
        Resource = ["arn:aws:acm:eu-west-1:123456789012:certificate/one", "arn:aws:acm:eu-west-1:123456789012:certificate/two"]
      },
      {
        Sid    = "WriteExports"
        Effect = "Allow"
        Action = ["secretsmanager:DescribeSecret", "secretsmanager:PutSecretValue"]
        Resource = [
          "arn:aws:secretsmanager:eu-west-1:123456789012:secret:one-AbCd12",
          "arn:aws:secretsmanager:eu-west-1:123456789012:secret:two-AbCd12",
        ]
      },
    ]
    error_message = "Exports must be limited to the given certificates, passphrases and targets, and read no target."
  }

  assert {
    condition     = !strcontains(local.creation_policy_json, "secretsmanager:")
    error_message = "The creation function must have no permissions for exports."
  }
}

run "rotation_may_import_from_its_sources_and_only_under_their_arns" {
  command = plan

  variables {
    import_sources = {
      "arn:aws:acm:eu-west-1:123456789012:certificate/own-key" = {
        kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/own"
        secret_arn  = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:own-key-AbCdEf"
      }
      "arn:aws:acm:eu-west-1:123456789012:certificate/plain" = {
        secret_arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:plain-AbCdEf"
      }
    }
  }

  assert {
    condition = [for s in jsondecode(local.rotation_policy_json).Statement : s if contains(["ReadSecrets", "ImportNewerVersions", "DecryptImportSources"], s.Sid)] == [
      {
        Sid    = "ReadSecrets"
        Effect = "Allow"
        Action = ["secretsmanager:GetSecretValue"]
        Resource = [
          "arn:aws:secretsmanager:eu-west-1:123456789012:secret:own-key-AbCdEf",
          "arn:aws:secretsmanager:eu-west-1:123456789012:secret:plain-AbCdEf",
        ]
      },
      {
        Sid    = "ImportNewerVersions"
        Effect = "Allow"
        Action = ["acm:GetCertificate", "acm:ImportCertificate"]
        Resource = [
          "arn:aws:acm:eu-west-1:123456789012:certificate/own-key",
          "arn:aws:acm:eu-west-1:123456789012:certificate/plain",
        ]
      },
      {
        Sid      = "DecryptImportSources"
        Effect   = "Allow"
        Action   = ["kms:Decrypt"]
        Resource = ["arn:aws:kms:eu-west-1:123456789012:key/own"]
        Condition = {
          StringEquals = {
            "kms:EncryptionContext:SecretARN" = ["arn:aws:secretsmanager:eu-west-1:123456789012:secret:own-key-AbCdEf"]
          }
        }
      },
    ]
    error_message = "Rotation must read exactly the configured secrets, import under exactly the configured ARNs, and use a key for its secret only."
  }
}

run "rotation_may_not_read_a_source_in_notify_mode" {
  command = plan

  variables {
    import_sources = {
      "arn:aws:acm:eu-west-1:123456789012:certificate/plain" = {
        kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/own"
        secret_arn  = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:plain-AbCdEf"
      }
    }
    rotation_mode = "notify"
  }

  assert {
    condition     = alltrue([for action in flatten(jsondecode(local.rotation_policy_json).Statement[*].Action) : !startswith(action, "secretsmanager:") && !startswith(action, "kms:") && !contains(["acm:GetCertificate", "acm:ImportCertificate"], action)])
    error_message = "In notify mode, rotation must have no access to private keys."
  }
}

run "a_source_of_another_region_is_rejected" {
  command = plan

  variables {
    import_sources = {
      "arn:aws:acm:us-east-1:123456789012:certificate/edge" = {
        secret_arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:plain-AbCdEf"
      }
    }
  }

  expect_failures = [output.rotation_function_arn]
}

run "rotation_may_write_only_in_its_region" {
  command = plan

  assert {
    condition = alltrue([
      for statement in jsondecode(local.rotation_policy_json).Statement :
      statement.Resource == ["arn:aws:acm:eu-west-1:123456789012:certificate/*"]
      if startswith(statement.Action[0], "acm:") && statement.Effect == "Allow" && !endswith(statement.Sid, "Account")
    ])
    error_message = "Rotation must be limited to changing the certificates of one region."
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(local.rotation_policy_json).Statement : alltrue([
        for action in statement.Action : can(regex(":(?:Describe|Get|GET|List|Search)", action))
      ]) if endswith(statement.Sid, "Account")
    ])
    error_message = "Rotation must be able to do no more than read outside of its region."
  }
}

run "no_action_is_a_wildcard_and_only_listing_has_no_narrower_resource" {
  command = plan

  assert {
    condition = alltrue([
      for statement in concat(jsondecode(local.creation_policy_json).Statement, jsondecode(local.rotation_policy_json).Statement) :
      !strcontains(join("", statement.Action), "*")
      && (!contains(statement.Resource, "*") || contains(["FindPublicHostedZones", "ListCertificates", "ListAccount"], statement.Sid))
    ])
    error_message = "No function must have a wildcard, except where AWS supports no resource."
  }
}

run "every_arn_follows_the_partition" {
  command = plan

  override_data {
    target = data.aws_partition.current
    values = { partition = "aws-us-gov" }
  }

  assert {
    condition = alltrue(flatten([
      for statement in concat(jsondecode(local.creation_policy_json).Statement, jsondecode(local.rotation_policy_json).Statement) : [
        for resource in statement.Resource : resource == "*" || startswith(resource, "arn:aws-us-gov:")
      ]
    ]))
    error_message = "Every ARN must use the partition of the account."
  }
}

run "rotation_uses_only_its_own_table" {
  command = plan

  variables {
    name_prefix = "team-a"
  }

  assert {
    condition = [
      for s in jsondecode(local.rotation_policy_json).Statement : s.Resource if anytrue([for a in s.Action : startswith(a, "dynamodb:")])
    ] == [["arn:aws:dynamodb:eu-west-1:123456789012:table/team-a-ledger"]]
    error_message = "Rotation must have access only to its own table."
  }

  assert {
    condition     = !anytrue([for a in flatten(jsondecode(local.creation_policy_json).Statement[*].Action) : startswith(a, "dynamodb:")])
    error_message = "Creation must have no access to the table."
  }
}

run "rotation_may_request_successors_only_of_its_own_certificates" {
  command = plan

  assert {
    condition = [for s in jsondecode(local.rotation_policy_json).Statement : s.Condition if contains(s.Action, "acm:RequestCertificate") && s.Effect == "Allow"] == [{
      "ForAllValues:StringLike" = { "acm:DomainNames" = ["shop.example.com", "*.shop.example.com", "*.shop.example.net"] }
      Null                      = { "acm:DomainNames" = "false", "aws:RequestTag/certificate-lifecycle:replaces" = "false" }
      StringEquals              = { "aws:RequestTag/ManagedBy" = "certificate-lifecycle" }
    }]
    error_message = "A successor must have an allowed name, the tag with the replaced certificate and the tag of the instance."
  }

  assert {
    condition = { for s in jsondecode(local.rotation_policy_json).Statement : s.Sid => s }["TagSuccessors"].Condition == {
      Null                 = { "aws:RequestTag/certificate-lifecycle:replaces" = "false" }
      StringEquals         = { "aws:RequestTag/ManagedBy" = "certificate-lifecycle" }
      StringEqualsIfExists = { "aws:ResourceTag/ManagedBy" = "certificate-lifecycle" }
    }
    error_message = "Rotation must be able to tag no certificate of another tool or instance."
  }
}

run "a_scope_limits_the_names_of_other_certificates" {
  command = plan

  variables {
    scope                   = { include = { domains = ["example.org", "shop.example.org"] } }
    unmanaged_rotation_mode = "replace"
  }

  assert {
    condition     = { for s in jsondecode(local.rotation_policy_json).Statement : s.Sid => s }["RequestUnmanagedSuccessors"].Condition["ForAllValues:StringLike"]["acm:DomainNames"] == ["example.org", "*.example.org"]
    error_message = "Requests for certificates that the instance did not issue must be limited to the scope."
  }

  assert {
    condition     = { for s in jsondecode(local.rotation_policy_json).Statement : s.Sid => s }["RestoreValidationRecords"].Condition["ForAllValues:StringLikeIfExists"]["route53:ChangeResourceRecordSetsNormalizedRecordNames"] == ["*.shop.example.com", "*.shop.example.net", "*.example.org"]
    error_message = "Records must be limited to the allowed domains and the scope."
  }
}

run "only_own_certificates_marked_as_replaced_may_be_deleted" {
  command = plan

  variables {
    retire_superseded_after_days = 30
  }

  assert {
    condition = { for s in jsondecode(local.rotation_policy_json).Statement : s.Sid => s }["DeleteReplaced"].Condition == {
      Null         = { "aws:ResourceTag/certificate-lifecycle:replaced-by" = "false" }
      StringEquals = { "aws:ResourceTag/ManagedBy" = "certificate-lifecycle" }
    }
    error_message = "Only own certificates with the tag of a replaced certificate must be deletable."
  }

  assert {
    condition = { for s in jsondecode(local.rotation_policy_json).Statement : s.Sid => s }["MarkReplaced"].Condition == {
      "ForAllValues:StringEquals" = { "aws:TagKeys" = ["certificate-lifecycle:replaced-by"] }
      Null                        = { "aws:TagKeys" = "false" }
      StringEquals                = { "aws:ResourceTag/ManagedBy" = "certificate-lifecycle" }
    }
    error_message = "The permission to mark must allow no other tag and no other certificate."
  }
}

run "creation_may_delete_only_if_a_certificate_is_deleted_on_destroy" {
  command = plan

  assert {
    condition     = !strcontains(local.creation_policy_json, "acm:DeleteCertificate")
    error_message = "Without on_destroy = \"delete\", creation must have no permission to delete."
  }
}

run "creation_may_delete_only_own_certificates" {
  command = plan

  variables {
    certificates = { edge = { domain_name = "edge.shop.example.com", on_destroy = "delete" } }
  }

  assert {
    condition     = { for s in jsondecode(local.creation_policy_json).Statement : s.Sid => s }["DeleteIssuedCertificates"].Condition == { StringEquals = { "aws:ResourceTag/ManagedBy" = "certificate-lifecycle" } }
    error_message = "Creation must be able to delete only certificates with the tag of the instance."
  }
}

run "rebind_consumers_allows_moving_consumers_of_the_region" {
  command = plan

  variables {
    rebind_consumers = true
  }

  assert {
    condition = alltrue([
      for s in jsondecode(local.rotation_policy_json).Statement : alltrue([
        for r in s.Resource : strcontains(r, ":eu-west-1:")
      ]) if startswith(s.Sid, "Move")
    ])
    error_message = "Consumers outside the region must not be movable."
  }
}

run "in_us_east_1_edge_consumers_may_be_moved_too" {
  command = plan

  override_data {
    target = data.aws_service.acm
    values = { region = "us-east-1" }
  }

  variables {
    rebind_consumers = true
  }

  assert {
    condition     = { for s in jsondecode(local.rotation_policy_json).Statement : s.Sid => s.Resource }["MoveDistributions"] == ["*"]
    error_message = "API Gateway updates its own distribution with the caller's permissions, so they must include it."
  }
}

run "organization_roles_are_limited_to_the_organization" {
  command = plan

  variables {
    organization = {
      external_id     = "x-1"
      organization_id = "o-a1b2c3d4e5"
      role_name       = "baseline/certificates"
    }
  }

  assert {
    condition = { for s in jsondecode(local.rotation_policy_json).Statement : s.Sid => s }["ReachAccountsOfTheOrganization"] == {
      Sid       = "ReachAccountsOfTheOrganization"
      Effect    = "Allow"
      Action    = ["sts:AssumeRole"]
      Resource  = ["arn:aws:iam::*:role/baseline/certificates"]
      Condition = { StringEquals = { "aws:ResourceOrgID" = "o-a1b2c3d4e5" } }
    }
    error_message = "The function must be able to assume roles of that name only in accounts of the organization."
  }

  assert {
    condition = sort(flatten([
      for statement in jsondecode(local.rotation_policy_json).Statement : [
        for action in statement.Action : "${action} ${statement.Resource[0]}"
        if startswith(action, "s3:") || startswith(action, "organizations:")
      ]
      ])) == sort([
      "organizations:ListAccounts *",
      "s3:GetObject arn:aws:s3:::certificate-lifecycle-runs-123456789012/runs/*",
      "s3:ListBucket arn:aws:s3:::certificate-lifecycle-runs-123456789012",
      "s3:PutObject arn:aws:s3:::certificate-lifecycle-runs-123456789012/runs/*",
    ])
    error_message = "The function must be able to list the accounts and use the bucket of the runs, and no more."
  }

  assert {
    condition     = !strcontains(local.creation_policy_json, "organizations:") && !strcontains(local.creation_policy_json, "s3:")
    error_message = "The creation function must have no permissions for an organization."
  }
}

run "a_list_of_accounts_needs_no_permission_to_list_them" {
  command = plan

  variables {
    organization = {
      account_ids     = ["210987654321"]
      external_id     = "x-1"
      organization_id = "o-a1b2c3d4e5"
      role_name       = "certificates"
    }
  }

  assert {
    condition     = !strcontains(local.rotation_policy_json, "organizations:ListAccounts")
    error_message = "With a list of accounts, ListAccounts must not be allowed."
  }
}

run "events_and_findings_are_sent_only_with_the_own_source" {
  command = plan

  variables {
    notifications = {
      event_bus    = { name = "security" }
      security_hub = true
    }
  }

  assert {
    condition = { for s in jsondecode(local.rotation_policy_json).Statement : s.Sid => s if startswith(s.Action[0], "events:") || startswith(s.Action[0], "securityhub:") } == {
      SendEvents = {
        Sid       = "SendEvents"
        Effect    = "Allow"
        Action    = ["events:PutEvents"]
        Resource  = ["arn:aws:events:eu-west-1:123456789012:event-bus/security"]
        Condition = { StringEquals = { "events:source" = "certificate-lifecycle" } }
      }
      ReportFindings = {
        Sid      = "ReportFindings"
        Effect   = "Allow"
        Action   = ["securityhub:BatchImportFindings"]
        Resource = ["arn:aws:securityhub:eu-west-1:123456789012:product/123456789012/default"]
      }
      SeeReportedFindings = {
        Sid      = "SeeReportedFindings"
        Effect   = "Allow"
        Action   = ["securityhub:GetFindings"]
        Resource = ["arn:aws:securityhub:eu-west-1:123456789012:hub/default"]
      }
    }
    error_message = "Rotation must be able to send its own events to one bus, and use one hub."
  }

  assert {
    condition     = !strcontains(local.creation_policy_json, "events:") && !strcontains(local.creation_policy_json, "securityhub:")
    error_message = "The creation function must have no permissions for events and findings."
  }
}
