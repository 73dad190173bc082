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
  tags             = {}
  topic_arn        = "arn:aws:sns:eu-west-1:123456789012:alerts"
}

run "silence_is_an_alarm_and_what_a_run_measured_holds_until_the_next" {
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
    error_message = "An hour without a run must neither raise nor end what the last one measured."
  }

  assert {
    condition     = alltrue([for name in ["delivery-failed", "publish-failed"] : aws_cloudwatch_metric_alarm.this[name].treat_missing_data == "notBreaching"])
    error_message = "No message means no data point."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["critical-unresolved"].threshold == 72
    error_message = "A critical problem must be heard of again after three days."
  }

  assert {
    condition = alltrue([
      for name, alarm in aws_cloudwatch_metric_alarm.this :
      alarm.dimensions == tomap(name == "delivery-failed" ? { TopicName = "alerts" } : { Instance = "team" })
    ])
    error_message = "An alarm whose dimensions are not exactly those of its metric never rings."
  }

  assert {
    condition     = alltrue([for name, alarm in aws_cloudwatch_metric_alarm.this : alarm.alarm_actions == toset([var.topic_arn]) && alarm.ok_actions == toset([var.topic_arn]) && alarm.alarm_name == "team-${name}"])
    error_message = "The topic must hear of each alarm and of its end, under a name that may publish to it."
  }
}

run "cloudwatch_looks_back_seven_days_at_the_most" {
  command = apply

  module {
    source = "./modules/watch"
  }

  variables {
    max_silence_days = 7
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["runs-missing"].period * aws_cloudwatch_metric_alarm.this["runs-missing"].evaluation_periods == 604800
    error_message = "CloudWatch refuses an alarm over more than seven days."
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
    error_message = "alarms = false must make no alarm."
  }

  assert {
    condition     = !contains(jsondecode(aws_cloudwatch_dashboard.this[0].dashboard_body).widgets[*].type, "alarm")
    error_message = "CloudWatch refuses a widget of no alarms."
  }
}

run "the_dashboard_can_be_left_out" {
  command = apply

  module {
    source = "./modules/watch"
  }

  variables {
    dashboard = false
  }

  assert {
    condition     = length(aws_cloudwatch_dashboard.this) == 0 && output.dashboard_url == null
    error_message = "dashboard = false must make no dashboard, and speak of none."
  }
}
