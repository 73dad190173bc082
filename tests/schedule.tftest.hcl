# The clock and what it may start.

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

run "the_rule_is_on_and_starts_the_function_which_trusts_just_this_rule" {
  command = apply

  module {
    source = "./modules/schedule"
  }

  assert {
    condition     = aws_cloudwatch_event_rule.this.state == "ENABLED" && aws_cloudwatch_event_rule.this.schedule_expression == "rate(1 day)"
    error_message = "The rule must be on, with the schedule asked for."
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
    error_message = "Only this rule may invoke the function."
  }
}

run "a_hand_over_that_fails_is_tried_again_for_an_hour" {
  command = apply

  module {
    source = "./modules/schedule"
  }

  assert {
    condition     = aws_cloudwatch_event_target.this.retry_policy[0].maximum_event_age_in_seconds == 3600 && aws_cloudwatch_event_target.this.retry_policy[0].maximum_retry_attempts == 10
    error_message = "A busy Lambda must not cost a run."
  }
}

run "events_may_start_the_function_too_and_need_a_permission_of_their_own" {
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
    error_message = "A rule for events must not share its statement in the function's policy with the clock's."
  }
}

run "a_rule_has_either_a_clock_or_events" {
  command = plan

  module {
    source = "./modules/schedule"
  }

  variables {
    event_pattern = jsonencode({ source = ["aws.acm"] })
  }

  expect_failures = [var.schedule_expression]
}
