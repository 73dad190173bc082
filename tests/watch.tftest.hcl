# The alarms on the runs, and the dashboard.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  alarms           = true
  dashboard        = true
  function_name    = "team-rotation"
  instance         = "team"
  log_group_name   = "/aws/lambda/team-rotation"
  max_silence_days = 2
  region           = "eu-west-1"
  tags             = {}
  topic_arn        = "arn:aws:sns:eu-west-1:123456789012:alerts"
}

run "missing_runs_raise_an_alarm_and_metrics_keep_their_state_between_runs" {
  command = apply

  module {
    source = "./modules/watch"
  }

  assert {
    condition = (
      aws_cloudwatch_metric_alarm.this["runs-missing"].treat_missing_data == "breaching"
      && aws_cloudwatch_metric_alarm.this["runs-missing"].period * aws_cloudwatch_metric_alarm.this["runs-missing"].evaluation_periods == 180000
    )
    error_message = "Two days and two hours without a run must raise the alarm."
  }

  assert {
    condition     = alltrue([for name in ["critical-unresolved", "no-subscribers"] : aws_cloudwatch_metric_alarm.this[name].treat_missing_data == "ignore"])
    error_message = "An hour without a run must not change the state of an alarm."
  }

  assert {
    condition     = alltrue([for name in ["delivery-failed", "publish-failed"] : aws_cloudwatch_metric_alarm.this[name].treat_missing_data == "notBreaching"])
    error_message = "Missing data must not raise an alarm."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["critical-unresolved"].threshold == 72
    error_message = "A critical finding that is open for three days must raise an alarm."
  }

  assert {
    condition = alltrue([
      for name, alarm in aws_cloudwatch_metric_alarm.this :
      alarm.dimensions == tomap(name == "delivery-failed" ? { TopicName = "alerts" } : { Instance = "team" })
    ])
    error_message = "The dimensions of an alarm must be exactly those of its metric."
  }

  assert {
    condition     = alltrue([for name, alarm in aws_cloudwatch_metric_alarm.this : alarm.alarm_actions == toset([var.topic_arn]) && alarm.ok_actions == toset([var.topic_arn]) && alarm.alarm_name == "team-${name}"])
    error_message = "The topic must receive each alarm and its recovery, under a name that may publish to it."
  }
}

run "the_evaluation_range_is_at_most_seven_days" {
  command = apply

  module {
    source = "./modules/watch"
  }

  variables {
    max_silence_days = 7
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["runs-missing"].period * aws_cloudwatch_metric_alarm.this["runs-missing"].evaluation_periods == 604800
    error_message = "The evaluation range must be at most seven days."
  }
}

run "without_alarms_the_dashboard_has_no_widget_for_them" {
  command = apply

  module {
    source = "./modules/watch"
  }

  variables {
    alarms = false
  }

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.this) == 0
    error_message = "alarms = false must create no alarm."
  }

  assert {
    condition     = !contains(jsondecode(aws_cloudwatch_dashboard.this[0].dashboard_body).widgets[*].type, "alarm")
    error_message = "There must be no widget without alarms."
  }
}

run "the_dashboard_is_optional" {
  command = apply

  module {
    source = "./modules/watch"
  }

  variables {
    dashboard = false
  }

  assert {
    condition     = length(aws_cloudwatch_dashboard.this) == 0 && output.dashboard_url == null
    error_message = "dashboard = false must create no dashboard and return no URL."
  }
}
