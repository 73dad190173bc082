# The bucket for reports: created if it has a name, written only by the rotation function, with a retention.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  domain_name = "shop.example.com"
  name_prefix = "team-a"
  report      = { bucket_name = "team-a-reports", retention_days = 30 }
}

run "a_named_bucket_is_created_and_writable" {
  command = apply

  assert {
    condition     = output.report_bucket_name == "team-a-reports" && module.report_bucket[0].name == "team-a-reports"
    error_message = "The bucket must have the given name."
  }

  assert {
    condition = [
      for statement in jsondecode(local.rotation_policy_json).Statement : statement
      if anytrue([for action in statement.Action : startswith(action, "s3:")])
      ] == [{
        Sid      = "WriteReports"
        Effect   = "Allow"
        Action   = ["s3:PutObject"]
        Resource = ["arn:aws:s3:::team-a-reports/reports/team-a/*"]
    }]
    error_message = "Rotation must be able only to write reports of its own instance."
  }

  assert {
    condition     = !strcontains(local.creation_policy_json, "s3:")
    error_message = "The creation function must have no permissions for reports."
  }
}

run "without_a_report_there_is_no_bucket_and_no_permission" {
  command = apply

  variables {
    report = null
  }

  assert {
    condition     = length(module.report_bucket) == 0 && output.report_bucket_name == null
    error_message = "Without a report, no bucket must be created."
  }

  assert {
    condition     = !strcontains(local.rotation_policy_json, "s3:")
    error_message = "Without a bucket, there must be no permission to write to one."
  }
}

run "create_false_creates_no_bucket" {
  command = apply

  variables {
    create = false
  }

  assert {
    condition     = length(module.report_bucket) == 0 && output.report_bucket_name == null
    error_message = "create = false must create no bucket."
  }
}

run "the_bucket_is_private_encrypted_tls_only_and_expires_objects" {
  command = apply

  module {
    source = "./modules/bucket"
  }

  variables {
    force_destroy  = false
    name           = "team-a-reports"
    prefix         = "reports/"
    retention_days = 30
  }

  assert {
    condition     = aws_s3_bucket.this.bucket == "team-a-reports" && !aws_s3_bucket.this.force_destroy
    error_message = "Destroying the stack must not delete reports."
  }

  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.this.block_public_acls,
      aws_s3_bucket_public_access_block.this.block_public_policy,
      aws_s3_bucket_public_access_block.this.ignore_public_acls,
      aws_s3_bucket_public_access_block.this.restrict_public_buckets,
    ])
    error_message = "The bucket must not be public."
  }

  assert {
    condition = one(flatten([
      for rule in aws_s3_bucket_server_side_encryption_configuration.this.rule : [
        for default in rule.apply_server_side_encryption_by_default : default.sse_algorithm
      ]
    ])) == "AES256"
    error_message = "The bucket must be encrypted."
  }

  assert {
    condition = jsondecode(aws_s3_bucket_policy.this.policy).Statement == [{
      Sid       = "RefusePlainHttp"
      Effect    = "Deny"
      Action    = "s3:*"
      Principal = "*"
      Resource  = ["arn:aws:s3:::mocked", "arn:aws:s3:::mocked/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
    error_message = "Plain HTTP must be denied."
  }

  assert {
    condition = (
      aws_s3_bucket_lifecycle_configuration.this.rule[0].status == "Enabled"
      && aws_s3_bucket_lifecycle_configuration.this.rule[0].filter[0].prefix == "reports/"
      && aws_s3_bucket_lifecycle_configuration.this.rule[0].expiration[0].days == 30
    )
    error_message = "Reports must expire after the given days."
  }
}

run "an_invalid_retention_is_rejected" {
  command = plan

  variables {
    report = { bucket_name = "team-a-reports", retention_days = 0 }
  }

  expect_failures = [var.report]
}
