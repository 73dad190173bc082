# modules/notifications: the encrypted topic, its publishers and its subscribers.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  alarm_name_prefix = "team"
  email_addresses   = { ops = "ops@example.com", security = "security@example.com" }
  key               = null
  region            = "eu-west-1"
  name              = "team-notifications"
  tags              = {}
}

run "the_topic_is_encrypted_with_a_rotating_key_of_its_own" {
  command = apply

  module {
    source = "./modules/notifications"
  }

  assert {
    condition     = aws_sns_topic.this.kms_master_key_id == aws_kms_key.this[0].arn && aws_kms_key.this[0].enable_key_rotation
    error_message = "The topic must be encrypted with the created key."
  }

  assert {
    condition     = aws_kms_alias.this[0].name == "alias/team-notifications"
    error_message = "The alias of the key must have the topic's name."
  }

  assert {
    condition = { for s in jsondecode(aws_kms_key.this[0].policy).Statement : s.Sid => s }["LetOwnAlarmsEncrypt"] == {
      Sid       = "LetOwnAlarmsEncrypt"
      Effect    = "Allow"
      Action    = ["kms:Decrypt", "kms:GenerateDataKey*"]
      Principal = { Service = "cloudwatch.amazonaws.com" }
      Resource  = ["*"]
      Condition = {
        ArnLike = { "aws:SourceArn" = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:team-*" }
        StringEquals = {
          "aws:SourceAccount"                      = "123456789012"
          "kms:EncryptionContext:aws:sns:topicArn" = "arn:aws:sns:eu-west-1:123456789012:team-notifications"
        }
      }
    }
    error_message = "Only the module's alarms must be able to use the key, and only for the topic."
  }

  assert {
    condition     = { for s in jsondecode(aws_kms_key.this[0].policy).Statement : s.Sid => s }["LetIamOfThisAccountGovernTheKey"].Principal == { AWS = "arn:aws:iam::123456789012:root" }
    error_message = "IAM policies of the account must be able to grant use of the key."
  }
}

run "a_given_key_replaces_the_created_one" {
  command = apply

  module {
    source = "./modules/notifications"
  }

  variables {
    key = { arn = "arn:aws:kms:eu-west-1:123456789012:key/given" }
  }

  assert {
    condition     = length(aws_kms_key.this) + length(aws_kms_alias.this) == 0
    error_message = "No key must be created if one is given."
  }

  assert {
    condition     = aws_sns_topic.this.kms_master_key_id == var.key.arn && output.kms_key_arn == var.key.arn
    error_message = "The given key must be used."
  }
}

run "each_address_is_subscribed" {
  command = apply

  module {
    source = "./modules/notifications"
  }

  assert {
    condition = { for subscription in aws_sns_topic_subscription.email : subscription.endpoint => subscription.protocol } == {
      "ops@example.com"      = "email"
      "security@example.com" = "email"
    }
    error_message = "Each address must be subscribed."
  }
}

run "only_own_alarms_may_publish_and_only_with_tls" {
  command = apply

  module {
    source = "./modules/notifications"
  }

  assert {
    condition     = jsondecode(aws_sns_topic_policy.this.policy).Statement[*].Sid == ["LetOwnAlarmsPublish", "RefusePublishingInTheClear"]
    error_message = "The topic's policy must consist of these two statements."
  }

  assert {
    condition = { for s in jsondecode(aws_sns_topic_policy.this.policy).Statement : s.Sid => s }["LetOwnAlarmsPublish"].Condition == {
      ArnLike      = { "aws:SourceArn" = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:team-*" }
      StringEquals = { "aws:SourceAccount" = "123456789012" }
    }
    error_message = "CloudWatch must be able to publish only for alarms of this module."
  }

  assert {
    condition = { for s in jsondecode(aws_sns_topic_policy.this.policy).Statement : s.Sid => s }["RefusePublishingInTheClear"] == {
      Sid       = "RefusePublishingInTheClear"
      Effect    = "Deny"
      Action    = ["sns:Publish"]
      Principal = { AWS = "*" }
      Resource  = ["arn:aws:sns:eu-west-1:123456789012:mocked"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }
    error_message = "Publishing without TLS must be denied."
  }
}
