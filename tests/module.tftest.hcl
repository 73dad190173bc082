# The root module: resources, names, and connections.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  domain_name = "shop.example.com"
}

run "names_start_with_the_prefix" {
  command = apply

  variables {
    name_prefix = "team-a"
  }

  assert {
    condition     = output.creation_function_name == "team-a-creation" && output.rotation_function_name == "team-a-rotation"
    error_message = "Function names must start with the prefix, so that two instances can coexist."
  }

  assert {
    condition     = output.ledger_table_name == "team-a-ledger"
    error_message = "The table's name must start with the prefix."
  }

  assert {
    condition     = output.creation_log_group_name == "/aws/lambda/team-a-creation" && output.rotation_log_group_name == "/aws/lambda/team-a-rotation"
    error_message = "Log groups must have Lambda's default names, so that Lambda creates no others."
  }
}

run "the_region_of_each_certificate_is_monitored" {
  command = plan

  variables {
    certificates = { edge = { domain_name = "edge.shop.example.com", region = "us-east-1" } }
    regions      = ["eu-central-1"]
  }

  assert {
    condition     = jsonencode(local.regions) == jsonencode(sort(["eu-central-1", "us-east-1", local.region]))
    error_message = "The regions of certificates must be monitored beside those of the input."
  }
}

run "create_false_creates_nothing" {
  command = apply

  variables {
    create = false
  }

  assert {
    condition     = length(module.acm_events) + length(module.creation) + length(module.ledger) + length(module.notifications) + length(module.rotation) + length(module.schedule) + length(module.watch) == 0
    error_message = "create = false must create nothing."
  }

  assert {
    condition = alltrue([for value in [
      output.creation_function_arn, output.creation_function_name, output.creation_log_group_name, output.creation_role_arn, output.dashboard_url, output.ledger_table_name,
      output.rotation_function_arn, output.rotation_function_name, output.rotation_log_group_name, output.rotation_role_arn,
      output.schedule_rule_arn, output.sns_topic_arn,
    ] : value == null])
    error_message = "Every output must be null without resources."
  }
}

run "create_false_has_no_topic_output_for_an_existing_topic" {
  command = apply

  variables {
    create        = false
    notifications = { topic = { arn = "arn:aws:sns:eu-west-1:123456789012:alerts" } }
  }

  assert {
    condition     = output.sns_topic_arn == null
    error_message = "The topic output must be null if create is false."
  }
}

run "an_existing_topic_is_used_and_not_changed" {
  command = apply

  variables {
    notifications = { topic = { arn = "arn:aws:sns:eu-west-1:123456789012:alerts" } }
  }

  assert {
    condition     = length(module.notifications) == 0
    error_message = "No key, policy or subscription must be created for an existing topic."
  }

  assert {
    condition     = output.sns_topic_arn == "arn:aws:sns:eu-west-1:123456789012:alerts"
    error_message = "The existing topic must be used."
  }
}

run "a_topic_of_another_region_is_rejected" {
  command = plan

  variables {
    notifications = { topic = { arn = "arn:aws:sns:us-east-1:123456789012:alerts" } }
  }

  expect_failures = [output.sns_topic_arn]
}
