# Which certificates an apply issues, and what the outputs name.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  domain_name = "shop.example.com"
}

run "the_certificate_of_domain_name_is_main" {
  command = apply

  variables {
    certificates = {
      api = { domain_name = "api.example.com", tags = { Team = "api" } }
    }
    tags = { Team = "shop" }
  }

  assert {
    condition     = output.certificate_arn == output.certificate_arns["main"]
    error_message = "Several certificates: the output names main."
  }

  assert {
    condition     = keys(output.certificate_arns) == ["api", "main"]
    error_message = "Each declared certificate has an ARN."
  }
}

run "the_only_certificate_needs_no_key" {
  command = apply

  variables {
    domain_name  = null
    certificates = { api = { domain_name = "api.example.com" } }
  }

  assert {
    condition     = output.certificate_arn == output.certificate_arns["api"] && output.certificate_arn != null
    error_message = "One certificate: the output names it."
  }
}

run "several_certificates_without_main_have_no_certificate_arn" {
  command = apply

  variables {
    domain_name = null
    certificates = {
      api  = { domain_name = "api.example.com" }
      blog = { domain_name = "blog.example.com" }
    }
  }

  assert {
    condition     = output.certificate_arn == null && length(output.certificate_arns) == 2
    error_message = "Two certificates, neither is main: there is no single ARN."
  }
}

run "a_certificate_that_was_never_issued_has_no_arn" {
  command = apply

  override_data {
    target = module.certificate["main"].data.aws_ssm_parameter.arn
    values = { insecure_value = "pending" }
  }

  assert {
    condition     = output.certificate_arn == null && output.certificate_arns["main"] == null
    error_message = "pending is no ARN."
  }
}

run "nothing_is_issued_if_apply_must_not" {
  command = plan

  variables {
    issue_on_apply = false
  }

  assert {
    condition     = length(output.certificate_arns) == 0 && output.certificate_arn == null
    error_message = "issue_on_apply = false has no pointer."
  }
}

run "nothing_is_issued_if_nothing_is_created" {
  command = plan

  variables {
    create = false
  }

  assert {
    condition     = length(output.certificate_arns) == 0 && output.certificate_arn == null
    error_message = "create = false has no pointer."
  }
}

run "a_certificate_of_a_stack_without_the_watcher_is_checked_before_aws_is_called" {
  command = plan

  module {
    source = "./modules/certificate"
  }

  variables {
    creation_function_name = "certificate-lifecycle-rotation"
    key_algorithm          = "RSA_4096"
    name                   = "api/v2"
    on_destroy             = "forget"
  }

  expect_failures = [var.creation_function_name, var.key_algorithm, var.name, var.on_destroy]
}
