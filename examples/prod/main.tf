# A production environment: explicit zones, moved consumers, a permissions boundary and a customer managed key.

provider "aws" {
  region = "eu-west-1"
}

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_service" "acm" {
  service_id = "acm"
}

locals {
  name_prefix = "shop-prod"

  partition  = data.aws_partition.current.partition
  account_id = data.aws_caller_identity.current.account_id
  region     = data.aws_service.acm.region

  tags = {
    Environment = "prod"
    Service     = "shop"
  }
}

module "certificates" {
  # In your repository: source = "git::https://git.example.com/terraform-aws-certificate-lifecycle.git?ref=v0.1.0"
  source = "../../"

  name_prefix = local.name_prefix

  domain_name               = "shop.example.com"
  subject_alternative_names = ["api.shop.example.com", "www.shop.example.com"]

  # The functions may write only to this zone.
  hosted_zones = {
    "shop.example.com" = { zone_id = data.aws_route53_zone.shop.zone_id }
  }

  # A successor moves to the listener at once. The old certificate is deleted 30 days later, if nothing uses it.
  rebind_consumers             = true
  retire_superseded_after_days = 30

  schedule_expression       = "rate(12 hours)"
  expiration_threshold_days = 45

  thresholds = { critical_days = 14 }

  function = {
    kms_key              = { arn = aws_kms_key.functions.arn }
    log_retention_days   = 731
    permissions_boundary = { arn = aws_iam_policy.boundary.arn }
  }

  notifications = {
    email_addresses = {
      security     = "security@example.com"
      shop_on_call = "shop-on-call@example.com"
    }
  }

  tags = local.tags
}

resource "aws_lb_listener" "https" {
  load_balancer_arn = data.aws_lb.shop.arn
  port              = 443
  protocol          = "HTTPS"
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"
  certificate_arn   = module.certificates.certificate_arn

  default_action {
    type             = "forward"
    target_group_arn = data.aws_lb_target_group.shop.arn
  }
}

# The load balancer and its target group, which exist already.
data "aws_lb" "shop" {
  name = "shop"
}

data "aws_lb_target_group" "shop" {
  name = "shop"
}

data "aws_route53_zone" "shop" {
  name = "shop.example.com"
}

resource "aws_iam_policy" "boundary" {
  # checkov:skip=CKV_AWS_287:a boundary grants nothing, it limits the policies of a role
  # checkov:skip=CKV_AWS_288:a boundary grants nothing, it limits the policies of a role
  # checkov:skip=CKV_AWS_289:a boundary grants nothing, it limits the policies of a role
  # checkov:skip=CKV_AWS_290:a boundary grants nothing, it limits the policies of a role
  # checkov:skip=CKV_AWS_355:a boundary grants nothing, it limits the policies of a role
  name        = "${local.name_prefix}-boundary"
  description = "Maximum permissions of the roles of this service."
  tags        = local.tags

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid    = "StayWithinTheServicesOfThisModule"
      Effect = "Allow"
      Action = ["acm:*", "acm-pca:GetCertificateAuthorityCertificate", "acm-pca:List*", "apigateway:*", "dynamodb:*", "elasticloadbalancing:*", "iam:GetServerCertificate", "iam:ListServerCertificates", "kms:Decrypt", "kms:GenerateDataKey*", "logs:*", "route53:*", "sns:GetTopicAttributes", "sns:Publish", "ssm:*", "tag:GetResources"]
      # "*": a boundary grants nothing, it limits the policies of a role.
      Resource = ["*"]
    }]
  })
}

resource "aws_kms_key" "functions" {
  description         = "Encrypts the environment and the logs of the functions."
  enable_key_rotation = true
  tags                = local.tags

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "LetIamOfThisAccountGovernTheKey"
        Effect    = "Allow"
        Action    = ["kms:*"]
        Principal = { AWS = "arn:${local.partition}:iam::${local.account_id}:root" }
        # "*": in a key policy it means this key.
        Resource = ["*"]
      },
      {
        Sid    = "LetCloudWatchLogsEncryptTheFunctionsLogs"
        Effect = "Allow"
        Action = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
        # Unlike most service principals, this one differs in China.
        Principal = { Service = "logs.${local.region}.${data.aws_partition.current.dns_suffix}" }
        # "*": in a key policy it means this key.
        Resource = ["*"]
        Condition = {
          ArnLike = {
            "kms:EncryptionContext:aws:logs:arn" = "arn:${local.partition}:logs:${local.region}:${local.account_id}:log-group:/aws/lambda/${local.name_prefix}-*"
          }
        }
      },
    ]
  })
}
