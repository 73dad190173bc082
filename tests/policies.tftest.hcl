# What each function may do, judged by the very JSON that becomes its policy.
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
    condition = { for s in jsondecode(local.creation_policy_json).Statement : s.Sid => s }["RequestPublicCertificates"] == {
      Sid      = "RequestPublicCertificates"
      Effect   = "Allow"
      Action   = ["acm:RequestCertificate"]
      Resource = ["arn:aws:acm:*:123456789012:certificate/*"]
      Condition = {
        "ForAllValues:StringLike" = { "acm:DomainNames" = ["shop.example.com", "*.shop.example.com", "*.shop.example.net"] }
        Null                      = { "acm:CertificateAuthority" = "true", "acm:DomainNames" = "false" }
        StringEquals              = { "acm:ValidationMethod" = "DNS", "aws:RequestTag/ManagedBy" = "certificate-lifecycle" }
      }
    }
    error_message = "A public request must be bound to names, validation method, tag and the absence of an authority."
  }

  assert {
    condition = { for s in jsondecode(local.creation_policy_json).Statement : s.Sid => s }["RequestPrivateCertificates"].Condition == {
      "ForAllValues:StringLike" = { "acm:DomainNames" = ["shop.example.com", "*.shop.example.com", "*.shop.example.net"] }
      Null                      = { "acm:CertificateAuthority" = "false", "acm:DomainNames" = "false" }
      StringEquals              = { "aws:RequestTag/ManagedBy" = "certificate-lifecycle" }
    }
    error_message = "A private request must be bound to names, tag and the presence of an authority."
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
        "route53:ChangeResourceRecordSetsNormalizedRecordNames" = ["_*.shop.example.com", "_*.shop.example.net"]
      }
      Null = {
        "route53:ChangeResourceRecordSetsActions"               = "false"
        "route53:ChangeResourceRecordSetsNormalizedRecordNames" = "false"
        "route53:ChangeResourceRecordSetsRecordTypes"           = "false"
      }
    }
    error_message = "Route 53 changes must be bound to UPSERT, CNAME and names of the allowed domains, and to these keys being present."
  }
}

run "explicit_allowed_domains_replace_the_derived_ones" {
  command = plan

  variables {
    allowed_domains = ["example.com", "*.example.net"]
  }

  assert {
    condition     = { for s in jsondecode(local.creation_policy_json).Statement : s.Sid => s }["RequestPublicCertificates"].Condition["ForAllValues:StringLike"]["acm:DomainNames"] == ["example.com", "*.example.com", "*.example.net"]
    error_message = "A plain domain must allow itself and what is below, a wildcard only what is below."
  }
}

run "without_explicit_zones_the_functions_may_look_for_them" {
  command = plan

  assert {
    condition     = { for s in jsondecode(local.creation_policy_json).Statement : s.Sid => s }["FindPublicHostedZones"].Resource == ["*"]
    error_message = "ListHostedZones knows no narrower resource."
  }

  assert {
    condition     = { for s in jsondecode(local.creation_policy_json).Statement : s.Sid => s }["WriteValidationRecords"].Resource == ["arn:aws:route53:::hostedzone/*"]
    error_message = "Without explicit zones any zone may hold the names."
  }

  assert {
    condition     = !contains([for s in jsondecode(local.creation_policy_json).Statement : s.Sid], "ReachZonesOfOtherAccounts")
    error_message = "Without zones of other accounts there is no role to assume."
  }
}

run "explicit_zones_are_all_that_iam_names" {
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
        statement.Resource == ["arn:aws:route53:::hostedzone/Z1OWN"] if startswith(statement.Action[0], "route53:")
      ]
    ]))
    error_message = "With explicit zones both functions must be held to exactly those of this account."
  }

  assert {
    condition = alltrue([
      for policy in [local.creation_policy_json, local.rotation_policy_json] :
      { for s in jsondecode(policy).Statement : s.Sid => s }["ReachZonesOfOtherAccounts"].Resource == ["arn:aws:iam::210987654321:role/records"]
    ])
    error_message = "Both functions must be able to assume exactly the roles of the zones."
  }
}

run "zones_of_other_accounts_alone_leave_no_route_53_rights_here" {
  command = plan

  variables {
    hosted_zones = {
      "example.net" = { zone_id = "Z2OTHER", role_arn = "arn:aws:iam::210987654321:role/records" }
    }
  }

  assert {
    condition = length(flatten([
      for policy in [local.creation_policy_json, local.rotation_policy_json] : [
        for statement in jsondecode(policy).Statement : statement.Sid if startswith(statement.Action[0], "route53:")
      ]
    ])) == 0
    error_message = "Zones of other accounts need no rights on zones of this one."
  }
}

run "rotation_may_write_records_that_start_like_validation_records" {
  command = plan

  variables {
    rotation_mode = "repair"
  }

  assert {
    condition     = { for s in jsondecode(local.rotation_policy_json).Statement : s.Sid => s }["RestoreValidationRecords"].Condition["ForAllValues:StringLike"]["route53:ChangeResourceRecordSetsNormalizedRecordNames"] == ["_*"]
    error_message = "Rotation must be held to names that start like validation records."
  }
}

run "rotation_may_export_just_what_has_a_target" {
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
        Sid      = "ExportAndRenewCertificates"
        Effect   = "Allow"
        Action   = ["acm:ExportCertificate", "acm:RenewCertificate"]
        Resource = ["arn:aws:acm:eu-west-1:123456789012:certificate/one", "arn:aws:acm:eu-west-1:123456789012:certificate/two"]
      },
      {
        Sid      = "ReadPassphrasesOfExports"
        Effect   = "Allow"
        Action   = ["secretsmanager:GetSecretValue"]
        Resource = ["arn:aws:secretsmanager:eu-west-1:123456789012:secret:passphrase-AbCd12"]
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
    error_message = "Exports must be bound to the certificates, passphrases and targets that are named, and read no target."
  }

  assert {
    condition     = !strcontains(local.creation_policy_json, "secretsmanager:")
    error_message = "The creation function has nothing to do with exports."
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
    condition = [for s in jsondecode(local.rotation_policy_json).Statement : s if contains(["ReadImportSources", "ImportNewerVersions", "DecryptImportSources"], s.Sid)] == [
      {
        Sid    = "ReadImportSources"
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
        Action = ["acm:ImportCertificate"]
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
    condition     = alltrue([for action in flatten(jsondecode(local.rotation_policy_json).Statement[*].Action) : !startswith(action, "secretsmanager:") && !startswith(action, "kms:") && action != "acm:ImportCertificate"])
    error_message = "In notify mode rotation must have no right to a private key."
  }
}

run "a_source_of_another_region_is_refused" {
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

run "rotation_is_held_to_the_region_it_runs_in" {
  command = plan

  assert {
    condition = alltrue([
      for statement in jsondecode(local.rotation_policy_json).Statement :
      statement.Resource == ["arn:aws:acm:eu-west-1:123456789012:certificate/*"]
      if startswith(statement.Action[0], "acm:") && statement.Sid != "ListCertificates"
    ])
    error_message = "Rotation looks at the certificates of one region only."
  }
}

run "no_action_is_a_wildcard_and_only_listing_has_no_narrower_resource" {
  command = plan

  assert {
    condition = alltrue([
      for statement in concat(jsondecode(local.creation_policy_json).Statement, jsondecode(local.rotation_policy_json).Statement) :
      !strcontains(join("", statement.Action), "*")
      && (!contains(statement.Resource, "*") || contains(["FindListeners", "FindPublicHostedZones", "ListCertificates", "ListOtherStores"], statement.Sid))
    ])
    error_message = "Neither function may be granted a wildcard, except where AWS knows no resource."
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
    error_message = "No ARN may name a partition of its own."
  }
}

run "rotation_remembers_in_its_own_table_only" {
  command = plan

  variables {
    name_prefix = "team-a"
  }

  assert {
    condition = [
      for s in jsondecode(local.rotation_policy_json).Statement : s.Resource if anytrue([for a in s.Action : startswith(a, "dynamodb:")])
    ] == [["arn:aws:dynamodb:eu-west-1:123456789012:table/team-a-ledger"]]
    error_message = "Rotation must reach no table but its ledger."
  }

  assert {
    condition     = !anytrue([for a in flatten(jsondecode(local.creation_policy_json).Statement[*].Action) : startswith(a, "dynamodb:")])
    error_message = "Creation needs no ledger."
  }
}

run "rotation_may_request_successors_in_replace_mode_and_name_what_they_replace" {
  command = plan

  assert {
    condition = { for s in jsondecode(local.rotation_policy_json).Statement : s.Sid => s if contains(s.Action, "acm:RequestCertificate") } == {
      RequestPublicSuccessors = {
        Sid      = "RequestPublicSuccessors"
        Effect   = "Allow"
        Action   = ["acm:RequestCertificate"]
        Resource = ["arn:aws:acm:eu-west-1:123456789012:certificate/*"]
        Condition = {
          Null         = { "acm:CertificateAuthority" = "true", "aws:RequestTag/certificate-lifecycle:replaces" = "false" }
          StringEquals = { "acm:ValidationMethod" = "DNS" }
        }
      }
      RequestPrivateSuccessors = {
        Sid       = "RequestPrivateSuccessors"
        Effect    = "Allow"
        Action    = ["acm:RequestCertificate"]
        Resource  = ["arn:aws:acm:eu-west-1:123456789012:certificate/*"]
        Condition = { Null = { "acm:CertificateAuthority" = "false", "aws:RequestTag/certificate-lifecycle:replaces" = "false" } }
      }
    }
    error_message = "A successor must name what it replaces, and be validated by DNS or issued by an authority."
  }

  assert {
    condition     = { for s in jsondecode(local.rotation_policy_json).Statement : s.Sid => s }["TagSuccessors"].Condition == { Null = { "aws:RequestTag/certificate-lifecycle:replaces" = "false" } }
    error_message = "Rotation must not tag anything but with what a successor replaces."
  }
}

run "only_what_was_marked_as_replaced_may_be_deleted" {
  command = plan

  variables {
    retire_superseded_after_days = 30
  }

  assert {
    condition     = { for s in jsondecode(local.rotation_policy_json).Statement : s.Sid => s }["DeleteWhatIsMarked"].Condition == { Null = { "aws:ResourceTag/certificate-lifecycle:replaced-by" = "false" } }
    error_message = "Only what carries the mark of being replaced may be deleted."
  }

  assert {
    condition = { for s in jsondecode(local.rotation_policy_json).Statement : s.Sid => s }["MarkWhatIsReplaced"].Condition == {
      "ForAllValues:StringEquals" = { "aws:TagKeys" = ["certificate-lifecycle:replaced-by"] }
      Null                        = { "aws:TagKeys" = "false" }
    }
    error_message = "The right to mark must be a right to nothing else."
  }
}

run "with_leave_to_move_consumers_exactly_those_of_the_region_may_be_moved" {
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
    error_message = "Nothing outside the region may be moved."
  }
}

run "in_us_east_1_what_stands_behind_cloudfront_may_be_moved_too" {
  command = plan

  override_data {
    target = data.aws_region.current
    values = { id = "us-east-1" }
  }

  variables {
    rebind_consumers = true
  }

  assert {
    condition     = { for s in jsondecode(local.rotation_policy_json).Statement : s.Sid => s.Resource }["MoveDistributions"] == ["*"]
    error_message = "API Gateway updates a distribution of its own account in the caller's name, so that the right must reach it."
  }
}

run "an_organization_is_reached_by_one_role_and_only_inside_it" {
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
    error_message = "The function must reach roles of that name, in accounts of that organization and no others."
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
    error_message = "The function must list the accounts, and keep what a run finds in its own bucket, and no more."
  }

  assert {
    condition     = !strcontains(local.creation_policy_json, "organizations:") && !strcontains(local.creation_policy_json, "s3:")
    error_message = "An organization is no business of the creation function."
  }
}

run "a_list_of_accounts_needs_no_right_to_ask_for_one" {
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
    error_message = "With a list of accounts there is nothing to ask for."
  }
}

run "machines_that_listen_are_told_in_the_functions_own_name_only" {
  command = plan

  variables {
    notifications = {
      event_bus_name = "security"
      security_hub   = true
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
    error_message = "Rotation must send its own events to one bus, and report to and read one hub."
  }

  assert {
    condition     = !strcontains(local.creation_policy_json, "events:") && !strcontains(local.creation_policy_json, "securityhub:")
    error_message = "The creation function tells no machine of anything."
  }
}
