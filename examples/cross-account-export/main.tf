# Exports a certificate for servers in another account: the secrets, their key, and the policies for the reader.

provider "aws" {
  region = "eu-west-1"
}

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_service" "acm" {
  service_id = "acm"
}

locals {
  name_prefix = "shop-edge"

  partition  = data.aws_partition.current.partition
  account_id = data.aws_caller_identity.current.account_id
  region     = data.aws_service.acm.region

  # The role in the other account that reads the certificate.
  reader_account_id = "210987654321"
  reader_role_arn   = "arn:${local.partition}:iam::${local.reader_account_id}:role/edge-proxy"

  # The reader also needs the passphrase, because the exported private key is encrypted.
  shared_secrets = {
    certificate = aws_secretsmanager_secret.certificate.arn
    passphrase  = aws_secretsmanager_secret.passphrase.arn
  }

  tags = {
    Environment = "prod"
    Service     = "shop"
  }
}

module "certificates" {
  # In your repository: source = "git::https://git.example.com/terraform-aws-certificate-lifecycle.git?ref=v0.1.0"
  source = "../../"

  name_prefix = local.name_prefix

  # The certificate was requested with the export option, which cannot be added later.
  export_targets = {
    "arn:${local.partition}:acm:${local.region}:${local.account_id}:certificate/9f0d7bb1-5f1a-4c3f-9f57-3a6b1a0e2c11" = {
      passphrase_secret_arn = aws_secretsmanager_secret.passphrase.arn
      secret_arn            = aws_secretsmanager_secret.certificate.arn
    }
  }

  notifications = {
    email_addresses = {
      shop_on_call = "shop-on-call@example.com"
    }
  }

  tags = local.tags
}

resource "aws_secretsmanager_secret" "certificate" {
  # checkov:skip=CKV2_AWS_57:the rotation function writes it after each renewal
  name        = "${local.name_prefix}-certificate"
  description = "Certificate, chain and encrypted private key, written by the rotation function after each renewal."
  kms_key_id  = aws_kms_key.shared.arn
  tags        = local.tags
}

resource "aws_secretsmanager_secret" "passphrase" {
  # checkov:skip=CKV2_AWS_57:a new passphrase would not decrypt existing exports
  name        = "${local.name_prefix}-passphrase"
  description = "Passphrase of the private key; set it manually, because Terraform would store it in its state."
  kms_key_id  = aws_kms_key.shared.arn
  tags        = local.tags
}

resource "aws_secretsmanager_secret_policy" "shared" {
  for_each = local.shared_secrets

  secret_arn          = each.value
  block_public_policy = true

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "LetTheReaderOfTheOtherAccountRead"
      Effect   = "Allow"
      Action   = ["secretsmanager:GetSecretValue"]
      Resource = [each.value]
      # The account with a condition instead of the role, because the role would have to exist first and could not be recreated.
      Principal = { AWS = "arn:${local.partition}:iam::${local.reader_account_id}:root" }
      Condition = { ArnEquals = { "aws:PrincipalArn" = local.reader_role_arn } }
    }]
  })
}

# A customer managed key, because the policy of the AWS managed key allows no other account and cannot be changed.
resource "aws_kms_key" "shared" {
  description         = "Encrypts the exported certificate and its passphrase, for this account and one reader."
  enable_key_rotation = true
  tags                = local.tags
}

# Separate from the key, because it refers to the secrets and the role, which depend on the key.
resource "aws_kms_key_policy" "shared" {
  key_id = aws_kms_key.shared.key_id

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
        Sid       = "LetTheRotationFunctionWriteTheSecret"
        Effect    = "Allow"
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Principal = { AWS = module.certificates.rotation_role_arn }
        # "*": in a key policy it means this key.
        Resource = ["*"]
        Condition = {
          StringEquals = {
            # Secrets Manager sets the secret's ARN as encryption context, so the key is usable only for these two secrets.
            "kms:EncryptionContext:SecretARN" = values(local.shared_secrets)
            "kms:ViaService"                  = "secretsmanager.${local.region}.amazonaws.com"
          }
        }
      },
      {
        Sid       = "LetTheReaderOfTheOtherAccountDecrypt"
        Effect    = "Allow"
        Action    = ["kms:Decrypt"]
        Principal = { AWS = "arn:${local.partition}:iam::${local.reader_account_id}:root" }
        # "*": in a key policy it means this key.
        Resource = ["*"]
        Condition = {
          ArnEquals = { "aws:PrincipalArn" = local.reader_role_arn }
          StringEquals = {
            "kms:EncryptionContext:SecretARN" = values(local.shared_secrets)
            "kms:ViaService"                  = "secretsmanager.${local.region}.amazonaws.com"
          }
        }
      },
    ]
  })
}
