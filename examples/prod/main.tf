# A production environment: explicit zones, a permissions boundary, customer managed keys, and earlier warnings.

provider "aws" {
  region = "eu-west-1"
}

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_service" "acm" {
  service_id = "acm"
}

locals {
  name = "shop-prod-certificates"

  partition  = data.aws_partition.current.partition
  account_id = data.aws_caller_identity.current.account_id
  region     = data.aws_service.acm.region

  tags = {
    Environment = "prod"
    Service     = "shop"
  }
}

module "certificate_lifecycle" {
  # In your repository: source = "git::https://git.example.com/platform/terraform-aws-certificate-lifecycle.git?ref=v0.1.0"
  source = "../../"

  name_prefix = local.name

  domain_name               = "shop.example.com"
  subject_alternative_names = ["api.shop.example.com", "shop.example.net"]

  # Callers of the creation function can request certificates only for these domains.
  allowed_domains = ["shop.example.com", "shop.example.net"]

  # The functions may write only to these zones. The second one is in the account of another team.
  hosted_zones = {
    "shop.example.com" = {
      zone_id = "Z0SHOPEXAMPLECOM"
    }
    "example.net" = {
      zone_id  = "Z0EXAMPLENET"
      role_arn = "arn:${local.partition}:iam::210987654321:role/validation-records"
    }
  }

  # The partner's tool writes renewed certificates to the secret, and the rotation function imports them under the same ARN.
  import_sources = {
    "arn:${local.partition}:acm:${local.region}:${local.account_id}:certificate/6f1d8a52-7c1e-4c0b-9d4e-2f2b7a1c9e30" = {
      secret_arn = aws_secretsmanager_secret.partner.arn
    }
  }

  # Certificates that cannot be renewed get a successor, and their consumers are moved to it. The old certificate is deleted after 30 days.
  rotation_mode                = "replace"
  rebind_consumers             = true
  retire_superseded_after_days = 30

  schedule_expression       = "rate(12 hours)"
  expiration_threshold_days = 45

  thresholds = { critical_days = 14 }

  function = {
    kms_key              = { arn = aws_kms_key.functions.arn }
    log_retention_days   = 731
    permissions_boundary = { arn = aws_iam_policy.boundary.arn }

    # Prevents parallel runs. The account's quota is large enough for a reservation.
    reserved_concurrency = 1
  }

  notifications = {
    email_addresses = {
      shop_on_call = "shop-on-call@example.com"
      security     = "security@example.com"
    }
  }

  tags = local.tags
}

################################################################################
# Supporting resources, which usually exist already
################################################################################

resource "aws_iam_policy" "boundary" {
  # checkov:skip=CKV_AWS_287:a boundary grants nothing, it limits the policies of a role
  # checkov:skip=CKV_AWS_288:a boundary grants nothing, it limits the policies of a role
  # checkov:skip=CKV_AWS_289:a boundary grants nothing, it limits the policies of a role
  # checkov:skip=CKV_AWS_290:a boundary grants nothing, it limits the policies of a role
  # checkov:skip=CKV_AWS_355:a boundary grants nothing, it limits the policies of a role
  name        = "${local.name}-boundary"
  description = "Maximum permissions of the roles of this service."
  tags        = local.tags

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid    = "StayWithinTheServicesOfThisModule"
      Effect = "Allow"
      Action = ["acm-pca:List*", "acm:*", "apigateway:*", "dynamodb:*", "elasticloadbalancing:*", "iam:GetServerCertificate", "iam:ListServerCertificates", "kms:Decrypt", "kms:GenerateDataKey*", "logs:*", "route53:*", "secretsmanager:GetSecretValue", "sns:GetTopicAttributes", "sns:Publish", "sts:AssumeRole"]
      # "*": a boundary grants nothing, it limits the policies of a role.
      Resource = ["*"]
    }]
  })
}

resource "aws_secretsmanager_secret" "partner" {
  # checkov:skip=CKV2_AWS_57:the partner's tool writes the secret after each renewal
  # checkov:skip=CKV_AWS_149:the AWS managed key is sufficient for readers in this account
  name        = "${local.name}-partner"
  description = "JSON with certificate, private_key and chain in PEM, written by the partner's tool; never by Terraform, which would store the key in its state."
  tags        = local.tags
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
            "kms:EncryptionContext:aws:logs:arn" = "arn:${local.partition}:logs:${local.region}:${local.account_id}:log-group:/aws/lambda/${local.name}-*"
          }
        }
      },
    ]
  })
}
