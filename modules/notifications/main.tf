# The topic for notifications, encrypted with a key that its publishers may use.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

locals {
  account_id  = data.aws_caller_identity.current.account_id
  owner_arn   = "arn:${data.aws_partition.current.partition}:iam::${local.account_id}:root"
  kms_key_arn = var.key == null ? aws_kms_key.this[0].arn : var.key.arn

  alarms_arn = join(":", [
    "arn", data.aws_partition.current.partition, "cloudwatch",
    var.region, local.account_id, "alarm", "${var.alarm_name_prefix}-*",
  ])

  # Not a reference, because the topic needs the key.
  topic_arn = join(":", [
    "arn", data.aws_partition.current.partition, "sns", var.region, local.account_id, var.name,
  ])

  key_policy_json = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        # Lets IAM policies of this account grant use of the key, such as those of the functions.
        Sid       = "LetIamOfThisAccountGovernTheKey"
        Effect    = "Allow"
        Action    = ["kms:*"]
        Principal = { AWS = local.owner_arn }
        # "*": in a key policy it means this key, whose ARN does not exist before the policy does.
        Resource = ["*"]
      },
      {
        Sid       = "LetOwnAlarmsEncrypt"
        Effect    = "Allow"
        Action    = ["kms:Decrypt", "kms:GenerateDataKey*"]
        Principal = { Service = "cloudwatch.amazonaws.com" }
        # "*": in a key policy it means this key, whose ARN does not exist before the policy does.
        Resource = ["*"]
        Condition = {
          ArnLike = { "aws:SourceArn" = local.alarms_arn }
          StringEquals = {
            "aws:SourceAccount" = local.account_id
            # SNS sets the topic as encryption context.
            "kms:EncryptionContext:aws:sns:topicArn" = local.topic_arn
          }
        }
      },
    ]
  })

  # No statement for this account: within one account, IAM policies are sufficient.
  topic_policy_json = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "LetOwnAlarmsPublish"
        Effect    = "Allow"
        Action    = ["sns:Publish"]
        Principal = { Service = "cloudwatch.amazonaws.com" }
        Resource  = [aws_sns_topic.this.arn]
        Condition = {
          ArnLike      = { "aws:SourceArn" = local.alarms_arn }
          StringEquals = { "aws:SourceAccount" = local.account_id }
        }
      },
      {
        Sid       = "RefusePublishingInTheClear"
        Effect    = "Deny"
        Action    = ["sns:Publish"]
        Principal = { AWS = "*" }
        Resource  = [aws_sns_topic.this.arn]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}

# Alarms cannot publish to a topic that is encrypted with alias/aws/sns, because the policy of that key cannot be changed.
resource "aws_kms_key" "this" {
  count = var.key == null ? 1 : 0

  description             = "Encrypts the topic ${var.name}."
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = local.key_policy_json
  tags                    = var.tags
}

resource "aws_kms_alias" "this" {
  count = var.key == null ? 1 : 0

  name          = "alias/${var.name}"
  target_key_id = aws_kms_key.this[0].key_id
}

resource "aws_sns_topic" "this" {
  name              = var.name
  kms_master_key_id = local.kms_key_arn
  tags              = var.tags
}

resource "aws_sns_topic_policy" "this" {
  arn    = aws_sns_topic.this.arn
  policy = local.topic_policy_json
}

resource "aws_sns_topic_subscription" "email" {
  for_each = var.email_addresses

  topic_arn = aws_sns_topic.this.arn
  protocol  = "email"
  endpoint  = each.value
}
