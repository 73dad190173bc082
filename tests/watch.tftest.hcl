# What proves that the watcher lives.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  alarms              = true
  dashboard           = true
  function_name       = "team-rotation"
  instance            = "team"
  log_group_name      = "/aws/lambda/team-rotation"
  schedule_expression = "cron(0 6 ? * MON *)"
  tags                = {}
  topic_arn           = "arn:aws:sns:eu-west-1:123456789012:alerts"
}

run "silence_is_an_alarm_and_what_the_pulse_found_holds_until_the_next" {
  command = apply

  module {
    source = "./modules/watch"
  }

  assert {
    condition = (
      aws_cloudwatch_metric_alarm.this["silent"].treat_missing_data == "breaching"
      && aws_cloudwatch_metric_alarm.this["silent"].period * aws_cloudwatch_metric_alarm.this["silent"].evaluation_periods == 21600
    )
    error_message = "Six hours without a pulse must raise the alarm."
  }

  assert {
    condition     = alltrue([for name in ["overdue", "unheard", "unrepaired"] : aws_cloudwatch_metric_alarm.this[name].treat_missing_data == "ignore"])
    error_message = "An hour without a pulse must neither raise nor end what the last one found."
  }

  assert {
    condition     = alltrue([for name in ["undeliverable", "undelivered"] : aws_cloudwatch_metric_alarm.this[name].treat_missing_data == "notBreaching"])
    error_message = "No message means no data point."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["unrepaired"].threshold == 72
    error_message = "A critical problem must be heard of again after three days."
  }

  assert {
    condition = alltrue([
      for name, alarm in aws_cloudwatch_metric_alarm.this :
      alarm.dimensions == tomap(name == "undeliverable" ? { TopicName = "alerts" } : { Instance = "team" })
    ])
    error_message = "An alarm whose dimensions are not exactly those of its metric never rings."
  }

  assert {
    condition     = alltrue([for name, alarm in aws_cloudwatch_metric_alarm.this : alarm.alarm_actions == toset([var.topic_arn]) && alarm.ok_actions == toset([var.topic_arn]) && alarm.alarm_name == "team-rotation-${name}"])
    error_message = "The topic must hear of each alarm and of its end, under a name that may publish to it."
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
