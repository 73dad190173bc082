# A bucket that one function writes to and people read: encrypted, private, over TLS alone, and forgetful.

resource "aws_s3_bucket" "this" {
  # checkov:skip=CKV_AWS_18:no access log, because only the function, its state machine and people with a right to it read here, and CloudTrail can tell
  # checkov:skip=CKV_AWS_21:no versions, because each run writes objects of its own
  # checkov:skip=CKV_AWS_144:no replica, because the next run finds everything anew
  # checkov:skip=CKV_AWS_145:encrypted with a key of S3's own, because the documents hold ARNs, names and sentences, and no secret
  # checkov:skip=CKV2_AWS_62:no events, because whoever writes here tells of it
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
  # checkov:skip=CKV_AWS_300:nothing is written outside the one rule's prefix, and that rule has the period
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

  # S3 takes one change of a bucket's access at a time.
  depends_on = [aws_s3_bucket_public_access_block.this]
}
