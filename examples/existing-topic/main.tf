# A topic that exists already, with everybody who should hear of certificates subscribed to it.

provider "aws" {
  region = "eu-west-1"
}

data "aws_caller_identity" "current" {}

locals {
  name = "shop-topic-certificates"

  tags = {
    Environment = "prod"
    Service     = "shop"
  }
}

module "certificate_lifecycle" {
  # Elsewhere: source = "git::https://git.example.com/platform/terraform-aws-certificate-lifecycle.git?ref=v0.1.0"
  source = "../../"

  name_prefix = local.name
  domain_name = "shop.example.com"

  # Somebody else looks after the topic: its policy, its key and who is subscribed.
  rotation_mode = "notify"

  notifications = {
    # `format` tells Terraform that there will be an ARN, before it is known; a topic that exists already needs no such hint.
    topic_arn = format("%s", aws_sns_topic.operations.arn)
  }

  tags = local.tags
}

# --- Supporting resources: in your stack they exist already -----------------------------------------

resource "aws_sns_topic" "operations" {
  # checkov:skip=CKV_AWS_26:an example of a topic that is there already, whose encryption is its owner's choice
  name = "${local.name}-operations"
  tags = local.tags
}

resource "aws_sns_topic_policy" "operations" {
  arn = aws_sns_topic.operations.arn

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      # The functions publish by their own roles; alarms need the topic's permission, and those of other accounts shall not have it.
      Sid       = "LetAlarmsPublish"
      Effect    = "Allow"
      Action    = "sns:Publish"
      Principal = { Service = "cloudwatch.amazonaws.com" }
      Resource  = aws_sns_topic.operations.arn
      Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
    }]
  })
}

# Only what is critical, and only of this account's own region, wakes somebody up.
resource "aws_sns_topic_subscription" "on_call" {
  topic_arn           = aws_sns_topic.operations.arn
  protocol            = "email"
  endpoint            = "on-call@example.com"
  filter_policy       = jsonencode({ severity = ["critical"] })
  filter_policy_scope = "MessageAttributes"
}
