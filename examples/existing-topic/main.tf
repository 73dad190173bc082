# Watches the certificates of an account and reports to an existing topic.

provider "aws" {
  region = "eu-west-1"
}

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_service" "acm" {
  service_id = "acm"
}

locals {
  name_prefix = "shop-watch"
}

module "certificates" {
  # In your repository: source = "git::https://git.example.com/terraform-aws-certificate-lifecycle.git?ref=v0.1.0"
  source = "../../"

  name_prefix   = local.name_prefix
  rotation_mode = "notify"

  notifications = {
    topic = { arn = aws_sns_topic.operations.arn }
  }

  tags = {
    Environment = "prod"
    Service     = "shop"
  }
}

# The topic of the operations team, with the permission that alarms need.
resource "aws_sns_topic" "operations" {
  # checkov:skip=CKV_AWS_26:an example of an existing topic, whose encryption is its owner's choice
  name = "operations"
}

resource "aws_sns_topic_policy" "operations" {
  arn = aws_sns_topic.operations.arn

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      # The functions publish with their roles. Alarms need a permission on the topic, here only the alarms of the module.
      Sid       = "LetAlarmsPublish"
      Effect    = "Allow"
      Action    = "sns:Publish"
      Principal = { Service = "cloudwatch.amazonaws.com" }
      Resource  = aws_sns_topic.operations.arn
      Condition = {
        ArnLike      = { "aws:SourceArn" = "arn:${data.aws_partition.current.partition}:cloudwatch:${data.aws_service.acm.region}:${data.aws_caller_identity.current.account_id}:alarm:${local.name_prefix}-*" }
        StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id }
      }
    }]
  })
}

# The on-call address receives only critical findings.
resource "aws_sns_topic_subscription" "on_call" {
  topic_arn           = aws_sns_topic.operations.arn
  protocol            = "email"
  endpoint            = "on-call@example.com"
  filter_policy       = jsonencode({ severity = ["critical"] })
  filter_policy_scope = "MessageAttributes"
}
