# Each input rejects values that would fail later or have another effect.
# One case of each kind is enough here: tests/terraform/test_validation.py tests every row of tests/data, and finds validations without a case.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  domain_name = "example.com"
}

# Terraform skips validations that refer to an invalid input, so each run has one such case.

run "a_domain_name_that_acm_rejects" {
  command = plan

  variables {
    domain_name = "https://example.com"
  }

  expect_failures = [var.domain_name]
}

run "an_alternative_name_that_acm_rejects" {
  command = plan

  variables {
    subject_alternative_names = ["www.*.example.com"]
  }

  expect_failures = [var.subject_alternative_names]
}

run "an_alternative_name_that_repeats_the_domain_name" {
  command = plan

  variables {
    subject_alternative_names = ["example.com"]
  }

  expect_failures = [var.subject_alternative_names]
}

run "an_allowed_domain_that_no_name_can_be_below" {
  command = plan

  variables {
    allowed_domains = ["example.com", "com"]
  }

  expect_failures = [var.allowed_domains]
}

run "allowed_domains_that_do_not_allow_the_domain_name" {
  command = plan

  variables {
    allowed_domains = ["example.net"]
  }

  expect_failures = [var.allowed_domains]
}

run "a_common_name_beyond_64_octets_without_a_shorter_name" {
  command = plan

  variables {
    domain_name = "a-name-that-is-longer-than-a-common-name-may-be.staging.shop.example.com"
  }

  expect_failures = [var.subject_alternative_names]
}

run "a_long_name_beside_a_shorter_one" {
  command = plan

  variables {
    domain_name               = "a-name-that-is-longer-than-a-common-name-may-be.staging.shop.example.com"
    subject_alternative_names = ["shop.example.com"]
  }
}

run "an_expiration_threshold_beyond_a_year" {
  command = plan

  variables {
    expiration_threshold_days = 366
  }

  expect_failures = [var.expiration_threshold_days]
}

run "a_critical_threshold_that_is_not_below_the_first" {
  command = plan

  variables {
    expiration_threshold_days = 14
    thresholds                = { critical_days = 14 }
  }

  expect_failures = [var.thresholds]
}

run "a_rate_with_a_plural_for_one" {
  command = plan

  variables {
    schedule_expression = "rate(1 days)"
  }

  expect_failures = [var.schedule_expression]
}

run "a_schedule_with_neither_day_field_left_open" {
  command = plan

  variables {
    schedule_expression = "cron(0 6 * * * *)"
  }

  expect_failures = [var.schedule_expression]
}

run "values_outside_the_choices" {
  command = plan

  variables {
    certificates  = { api = { domain_name = "api.example.com", key_algorithm = "RSA_4096" } }
    function      = { log_retention_days = 364 }
    rotation_mode = "delete"
  }

  expect_failures = [var.certificates, var.function, var.rotation_mode]
}

run "a_prefix_that_is_too_long" {
  command = plan

  variables {
    name_prefix = "a-prefix-of-fifty-four-characters-is-one-too-many-xxxx"
  }

  expect_failures = [var.name_prefix]
}

run "invalid_zone_ids" {
  command = plan

  variables {
    hosted_zones = { "*.example.com" = { zone_id = "/hostedzone/Z1", role_arn = "records" } }
  }

  expect_failures = [var.hosted_zones]
}

run "export_targets_without_a_secret_arn" {
  command = plan

  variables {
    export_targets = {
      "arn:aws:acm:eu-west-1:123456789012:certificate/9f0d7bb1" = {
        passphrase_secret_arn = "passphrase"
        secret_arn            = "edge"
      }
    }
  }

  expect_failures = [var.export_targets]
}

run "an_export_target_of_another_region" {
  command = plan

  variables {
    export_targets = {
      "arn:aws:acm:us-east-1:123456789012:certificate/9f0d7bb1" = {
        passphrase_secret_arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:passphrase-AbCd12"
        secret_arn            = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:edge-AbCd12"
      }
    }
  }

  expect_failures = [output.rotation_function_arn]
}

run "an_account_that_is_the_function_s_own" {
  command = plan

  variables {
    accounts = [{ account_id = "123456789012", external_id = "x-1", role_name = "certificates" }]
  }

  expect_failures = [output.rotation_function_arn]
}

run "more_regions_than_the_policy_of_a_member_role_allows" {
  command = plan

  module {
    source = "./modules/member-account"
  }

  variables {
    external_id             = "x-1"
    rebind_consumers        = true
    regions                 = [for number in range(40) : "eu-west-${number}"]
    rotation_mode           = "replace"
    rotation_role_arn       = "arn:aws:iam::111111111111:role/team-rotation"
    unmanaged_rotation_mode = "replace"
  }

  expect_failures = [aws_iam_role_policy.this]
}

run "invalid_arns_and_addresses" {
  command = plan

  variables {
    function = { kms_key = { arn = "alias/functions" }, permissions_boundary = { arn = "boundary" }, reserved_concurrency = 0 }
  }

  expect_failures = [var.function]
}

run "a_fifo_topic" {
  command = plan

  variables {
    notifications = { topic = { arn = "arn:aws:sns:eu-west-1:123456789012:alerts.fifo" } }
  }

  expect_failures = [var.notifications]
}

run "an_existing_topic_with_email_addresses" {
  command = plan

  variables {
    notifications = {
      email_addresses = { ops = "ops@example.com" }
      topic           = { arn = "arn:aws:sns:eu-west-1:123456789012:alerts" }
    }
  }

  expect_failures = [var.notifications]
}

run "an_event_bus_arn" {
  command = plan

  variables {
    notifications = { event_bus = { name = "arn:aws:events:eu-west-1:123456789012:event-bus/shop" } }
  }

  expect_failures = [var.notifications]
}

run "rebinding_and_retiring_need_mode_replace" {
  command = plan

  variables {
    rebind_consumers             = true
    retire_superseded_after_days = 30
    rotation_mode                = "repair"
  }

  expect_failures = [var.rebind_consumers, var.retire_superseded_after_days]
}

run "private_addresses_without_tls_probe" {
  command = plan

  variables {
    monitoring = { tls_probe = { private_addresses = true } }
  }

  expect_failures = [var.monitoring]
}

run "a_tls_probe_with_private_addresses" {
  command = plan

  variables {
    function   = { vpc = { subnet_ids = ["subnet-1"], security_group_ids = ["sg-1"] } }
    monitoring = { tls_probe = { enabled = true, private_addresses = true } }
  }
}

run "layers_of_another_region_are_rejected" {
  command = plan

  variables {
    function = { layers = ["arn:aws:lambda:eu-central-1:123456789012:layer:boto3:1"] }
  }

  expect_failures = [output.creation_function_arn]
}

run "two_equal_certificates_are_rejected" {
  command = plan

  variables {
    certificates = {
      edge = { domain_name = "www.example.com", subject_alternative_names = ["example.com"], region = "eu-west-1" }
      shop = { domain_name = "example.com", include_www = true }
    }
  }

  expect_failures = [output.creation_function_arn]
}

run "two_certificates_of_one_name_in_two_regions" {
  command = plan

  variables {
    certificates = { edge = { domain_name = "example.com", region = "us-east-1" } }
  }
}
