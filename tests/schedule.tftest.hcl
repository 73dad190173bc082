# modules/schedule: the rule, its target and its permission.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  description         = "Tests."
  function_arn        = "arn:aws:lambda:eu-west-1:123456789012:function:team-rotation"
  function_name       = "team-rotation"
  name                = "team-rotation"
  schedule_expression = "rate(1 day)"
  tags                = {}
}

run "the_rule_is_enabled_and_only_it_may_invoke_the_function" {
  command = apply

  module {
    source = "./modules/schedule"
  }

  assert {
    condition     = aws_cloudwatch_event_rule.this.state == "ENABLED" && aws_cloudwatch_event_rule.this.schedule_expression == "rate(1 day)"
    error_message = "The rule must be enabled, with the given schedule."
  }

  assert {
    condition     = aws_cloudwatch_event_target.this.rule == aws_cloudwatch_event_rule.this.name && aws_cloudwatch_event_target.this.arn == var.function_arn
    error_message = "The rule's target must be the function."
  }

  assert {
    condition = (
      aws_lambda_permission.this.principal == "events.amazonaws.com"
      && aws_lambda_permission.this.source_arn == aws_cloudwatch_event_rule.this.arn
      && aws_lambda_permission.this.function_name == "team-rotation"
    )
    error_message = "Only this rule must be able to invoke the function."
  }
}

run "a_failed_delivery_is_retried_for_an_hour" {
  command = apply

  module {
    source = "./modules/schedule"
  }

  assert {
    condition     = aws_cloudwatch_event_target.this.retry_policy[0].maximum_event_age_in_seconds == 3600 && aws_cloudwatch_event_target.this.retry_policy[0].maximum_retry_attempts == 10
    error_message = "A throttled delivery must be retried."
  }
}

run "a_rule_for_events_has_its_own_permission" {
  command = apply

  module {
    source = "./modules/schedule"
  }

  variables {
    event_pattern       = jsonencode({ source = ["aws.acm"] })
    schedule_expression = null
    statement_id        = "LetEventsInvoke"
  }

  assert {
    condition     = aws_cloudwatch_event_rule.this.event_pattern == jsonencode({ source = ["aws.acm"] }) && aws_lambda_permission.this.statement_id == "LetEventsInvoke"
    error_message = "A rule for events must have its own statement in the function's policy."
  }
}

run "a_rule_has_either_a_schedule_or_an_event_pattern" {
  command = plan

  module {
    source = "./modules/schedule"
  }

  variables {
    event_pattern = jsonencode({ source = ["aws.acm"] })
  }

  expect_failures = [var.schedule_expression]
}
