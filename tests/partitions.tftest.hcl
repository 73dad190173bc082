# China, which has a different partition and console, but the same service principals.
# tests/terraform/test_limits.py plans with the real provider there and in GovCloud, and test_apply.py applies there.

mock_provider "aws" {
  source = "./tests/mocks"

  mock_data "aws_partition" {
    defaults = {
      partition = "aws-cn"
    }
  }

  mock_data "aws_service" {
    defaults = {
      region = "cn-north-1"
    }
  }
}

variables {
  domain_name = "shop.example.com"
}

run "no_statement_of_either_function_names_another_partition" {
  command = plan

  variables {
    accounts                     = [{ account_id = "222222222222", external_id = "x-1", role_name = "certificates", rebind_consumers = true, rotation_mode = "replace" }]
    notifications                = { event_bus = { name = "default" }, security_hub = true }
    rebind_consumers             = true
    regions                      = ["cn-north-1", "cn-northwest-1"]
    report                       = { bucket_name = "reports-of-the-shop" }
    retire_superseded_after_days = 30

    export_targets = {
      "arn:aws-cn:acm:cn-north-1:123456789012:certificate/edge" = {
        passphrase_secret_arn = "arn:aws-cn:secretsmanager:cn-north-1:123456789012:secret:words-AbCdEf"
        secret_arn            = "arn:aws-cn:secretsmanager:cn-north-1:123456789012:secret:edge-AbCdEf"
      }
    }

    import_sources = {
      "arn:aws-cn:acm:cn-north-1:123456789012:certificate/shop" = {
        kms_key_arn = "arn:aws-cn:kms:cn-north-1:123456789012:key/imports"
        secret_arn  = "arn:aws-cn:secretsmanager:cn-north-1:123456789012:secret:tls-AbCdEf"
      }
    }

    organization = {
      external_id     = "x-1"
      organization_id = "o-a1b2c3d4e5"
      role_name       = "certificates"
    }
  }

  assert {
    condition = alltrue(flatten([
      for policy in [local.creation_policy_json, local.rotation_policy_json] : [
        for statement in jsondecode(policy).Statement : [
          for resource in statement.Resource : resource == "*" || startswith(resource, "arn:aws-cn:")
        ]
      ]
    ]))
    error_message = "Every statement must use ARNs of the partition."
  }

  assert {
    condition     = startswith(output.dashboard_url, "https://cn-north-1.console.amazonaws.cn/cloudwatch/")
    error_message = "The dashboard URL must use the partition's console."
  }
}

run "the_state_machine_calls_and_trusts_within_the_partition" {
  command = apply

  module {
    source = "./modules/organization"
  }

  variables {
    bucket_name                  = "team-runs"
    function_arn                 = "arn:aws-cn:lambda:cn-north-1:123456789012:function:team-rotation"
    function_name                = "team-rotation"
    max_concurrency              = 25
    name                         = "team-organization"
    permissions_boundary_arn     = "arn:aws-cn:iam::123456789012:policy/boundary"
    region                       = "cn-north-1"
    schedule_expression          = "rate(1 day)"
    tolerated_failure_percentage = 100
    topic_arn                    = "arn:aws-cn:sns:cn-north-1:123456789012:alerts"
  }

  assert {
    condition     = length(regexall("arn:aws:", output.definition_json)) == 0 && length(regexall("arn:aws-cn:states:::", output.definition_json)) == 4
    error_message = "Integrations must use ARNs of the partition."
  }

  assert {
    condition     = jsondecode(aws_iam_role.this.assume_role_policy).Statement[0].Condition.ArnLike == { "aws:SourceArn" = "arn:aws-cn:states:cn-north-1:123456789012:stateMachine:team-organization" }
    error_message = "The role must trust the state machine of this partition."
  }

  assert {
    condition = [for role in [aws_iam_role.this, aws_iam_role.rule] : jsondecode(role.assume_role_policy).Statement[0].Principal] == [
      { Service = "states.amazonaws.com" },
      { Service = "events.amazonaws.com" },
    ]
    error_message = "The service principals must be the same in every partition."
  }

  assert {
    condition     = alltrue([for role in [aws_iam_role.this, aws_iam_role.rule] : role.permissions_boundary == "arn:aws-cn:iam::123456789012:policy/boundary"])
    error_message = "Both roles must have the boundary."
  }
}

run "the_topic_and_its_key_belong_to_the_account_of_the_partition" {
  command = apply

  module {
    source = "./modules/notifications"
  }

  variables {
    alarm_name_prefix = "team"
    email_addresses   = {}
    key               = null
    name              = "team-notifications"
    region            = "cn-north-1"
    tags              = {}
  }

  assert {
    condition     = length(regexall("arn:aws:iam|arn:aws:cloudwatch", "${local.key_policy_json}${local.topic_policy_json}")) == 0
    error_message = "The owner and the alarms must have ARNs of this partition."
  }

  assert {
    condition = { for s in jsondecode(local.topic_policy_json).Statement : s.Sid => s }["LetOwnAlarmsPublish"].Condition.ArnLike == {
      "aws:SourceArn" = "arn:aws-cn:cloudwatch:cn-north-1:123456789012:alarm:team-*"
    }
    error_message = "Alarms of this partition must be able to publish."
  }
}

run "the_member_role_uses_arns_of_the_partition" {
  command = apply

  module {
    source = "./modules/member-account"
  }

  variables {
    external_id              = "x-1"
    permissions_boundary_arn = "arn:aws-cn:iam::123456789012:policy/boundary"
    rebind_consumers         = true
    rotation_mode            = "replace"
    rotation_role_arn        = "arn:aws-cn:iam::111111111111:role/team-rotation"
    unmanaged_rotation_mode  = "replace"
  }

  assert {
    condition = alltrue(flatten([
      for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : [
        for resource in statement.Resource : resource == "*" || startswith(resource, "arn:aws-cn:")
      ]
    ]))
    error_message = "Every statement must use ARNs of the partition."
  }

  assert {
    condition     = aws_iam_role.this.permissions_boundary == "arn:aws-cn:iam::123456789012:policy/boundary"
    error_message = "The role must have the boundary."
  }
}
