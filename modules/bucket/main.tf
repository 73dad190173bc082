# A private, encrypted bucket that allows only TLS and deletes its objects after a retention period.

resource "aws_s3_bucket" "this" {
  # checkov:skip=CKV_AWS_18:no access log, because only the function, its state machine and permitted users read it, and CloudTrail can record that
  # checkov:skip=CKV_AWS_21:no versions, because each run writes its own objects
  # checkov:skip=CKV_AWS_144:no replica, because the next run finds everything again
  # checkov:skip=CKV_AWS_145:encrypted with S3's own key, because the documents contain ARNs, names and messages, and no secrets
  # checkov:skip=CKV2_AWS_62:no events, because the writer sends its own notification
  bucket        = var.name
  force_destroy = var.force_destroy
  tags          = var.tags
}

resource "aws_s3_bucket_public_access_block" "this" {
  bucket                  = aws_s3_bucket.this.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  # checkov:skip=CKV_AWS_300:all objects have the prefix of the one rule, and that rule has the period
  bucket = aws_s3_bucket.this.id

  rule {
    id     = "ForgetRuns"
    status = "Enabled"

    filter {
      prefix = var.prefix
    }

    expiration {
      days = var.retention_days
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }
}

resource "aws_s3_bucket_policy" "this" {
  bucket = aws_s3_bucket.this.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "RefusePlainHttp"
      Effect    = "Deny"
      Action    = "s3:*"
      Principal = "*"
      Resource  = [aws_s3_bucket.this.arn, "${aws_s3_bucket.this.arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })

  # S3 rejects concurrent changes of a bucket's access settings.
  depends_on = [aws_s3_bucket_public_access_block.this]
}
