# The module as a whole: what it makes, what it calls it, and how the parts are joined.

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
    error_message = "Functions must start with the prefix, so that two instances coexist."
  }

  assert {
    condition     = output.ledger_table_name == "team-a-ledger"
    error_message = "The ledger must start with the prefix, too."
  }

  assert {
    condition     = output.creation_log_group_name == "/aws/lambda/team-a-creation" && output.rotation_log_group_name == "/aws/lambda/team-a-rotation"
    error_message = "Log groups must be the ones that Lambda would use, so that it never makes its own."
  }
}

run "create_false_makes_nothing" {
  command = apply

  variables {
    create = false
  }

  assert {
    condition     = length(module.acm_events) + length(module.creation) + length(module.ledger) + length(module.notifications) + length(module.rotation) + length(module.schedule) + length(module.watch) == 0
    error_message = "create = false must make nothing."
  }

  assert {
    condition = alltrue([for value in [
      output.creation_function_arn, output.creation_function_name, output.creation_log_group_name, output.creation_role_arn, output.dashboard_url, output.ledger_table_name,
      output.rotation_function_arn, output.rotation_function_name, output.rotation_log_group_name, output.rotation_role_arn,
      output.schedule_rule_arn, output.sns_topic_arn,
    ] : value == null])
    error_message = "Every output must be null when nothing was made."
  }
}

run "create_false_makes_nothing_of_an_adopted_topic_either" {
  command = apply

  variables {
    create        = false
    notifications = { topic_arn = "arn:aws:sns:eu-west-1:123456789012:alerts" }
  }

  assert {
    condition     = output.sns_topic_arn == null
    error_message = "A module that makes nothing must not speak of a topic."
  }
}

run "an_adopted_topic_is_used_and_left_alone" {
  command = apply

  variables {
    notifications = { topic_arn = "arn:aws:sns:eu-west-1:123456789012:alerts" }
  }

  assert {
    condition     = length(module.notifications) == 0
    error_message = "Nothing must be made beside an adopted topic: no key, no policy, no subscription."
  }

  assert {
    condition     = output.sns_topic_arn == "arn:aws:sns:eu-west-1:123456789012:alerts"
    error_message = "The adopted topic must be the one that is used."
  }
}

run "a_topic_of_another_region_is_refused" {
  command = plan

  variables {
    notifications = { topic_arn = "arn:aws:sns:us-east-1:123456789012:alerts" }
  }

  expect_failures = [output.sns_topic_arn]
}
