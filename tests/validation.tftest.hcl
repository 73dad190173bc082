# Rules that are no validation of an input, and values that are accepted; tests/terraform/test_validation.py breaks each validation.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  domain_name = "example.com"
}

run "a_long_name_beside_a_shorter_one" {
  command = plan

  variables {
    domain_name               = "a-name-that-is-longer-than-a-common-name-may-be.staging.shop.example.com"
    subject_alternative_names = ["shop.example.com"]
  }
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

run "two_certificates_with_the_default_usage_are_equal" {
  command = plan

  variables {
    certificates = {
      default = { domain_name = "example.com", root_hierarchy_type = "N2_AMAZON_MANAGED" }
      given   = { domain_name = "example.com", root_hierarchy_type = "N2_AMAZON_MANAGED", certificate_usage = "CLIENT_AND_SERVER_AUTH" }
    }
  }

  expect_failures = [output.creation_function_arn]
}

run "certificates_of_one_name_with_other_roots_and_usages" {
  command = plan

  variables {
    certificates = {
      client = { domain_name = "example.com", root_hierarchy_type = "N2_AMAZON_MANAGED", certificate_usage = "CLIENT_AUTH_ONLY" }
      n2     = { domain_name = "example.com", root_hierarchy_type = "N2_AMAZON_MANAGED" }
      signed = { domain_name = "example.com", root_hierarchy_type = "N2_SFG2_AMAZON_MANAGED" }
    }
  }
}

run "two_certificates_of_one_name_in_two_regions" {
  command = plan

  variables {
    certificates = { edge = { domain_name = "example.com", region = "us-east-1" } }
  }
}
