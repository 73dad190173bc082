# Alarms on the runs and their metrics, and a dashboard.

data "aws_partition" "current" {}

locals {
  # The metrics have one dimension, see render/emf.py.
  _instance   = { Instance = var.instance }
  _namespace  = "CertificateLifecycle"
  _topic_name = element(split(":", var.topic_arn), 5)

  # Each scheduled run writes these metrics at its end. Until the next run, the alarm keeps its state.
  _until_the_next_run = { period = 3600, evaluation_periods = 1, treat_missing_data = "ignore" }
  # For events: most periods have no data point.
  _once = { period = 300, evaluation_periods = 1, treat_missing_data = "notBreaching" }

  _alarms = {
    runs-missing = {
      comparison  = "LessThanThreshold"
      description = "No scheduled run of ${var.function_name} has ended within ${var.max_silence_days} days (max_silence_days). Check that the rule of the schedule exists, is enabled and has its target; the log group ${var.log_group_name} contains the result of the last run."
      dimensions  = local._instance
      # Hours rather than days: CloudWatch evaluates more periods than configured, so with few long periods the alarm would fire days too late. Two extra hours allow for a run that takes longer than the previous one; CloudWatch allows seven days in total.
      period             = 3600
      evaluation_periods = min(24 * var.max_silence_days + 2, 168)
      metric_name        = "RunsCompleted"
      namespace          = local._namespace
      statistic          = "Sum"
      threshold          = 1
      treat_missing_data = "breaching"
    }
    critical-unresolved = merge(local._until_the_next_run, {
      comparison  = "GreaterThanThreshold"
      description = "A critical finding has been open for more than ${var.critical_hours} hours since it was first sent. See the last message of ${var.function_name}."
      dimensions  = local._instance
      metric_name = "OldestCriticalHours"
      namespace   = local._namespace
      statistic   = "Maximum"
      threshold   = var.critical_hours
    })
    # Without subscribers, only the console and EventBridge's alarm state changes show this alarm.
    no-subscribers = merge(local._until_the_next_run, {
      comparison  = "LessThanThreshold"
      description = "${var.topic_arn} has no confirmed subscription, so its messages have no recipient."
      dimensions  = local._instance
      metric_name = "ConfirmedSubscriptions"
      namespace   = local._namespace
      statistic   = "Minimum"
      threshold   = 1
    })
    publish-failed = merge(local._once, {
      comparison  = "GreaterThanOrEqualToThreshold"
      description = "A run of ${var.function_name} could not publish its message. The log group ${var.log_group_name} contains the error and the findings."
      dimensions  = local._instance
      metric_name = "UndeliveredAlerts"
      namespace   = local._namespace
      statistic   = "Maximum"
      threshold   = 1
    })
    delivery-failed = merge(local._once, {
      comparison  = "GreaterThanOrEqualToThreshold"
      description = "SNS could not deliver a message of ${var.topic_arn} to one of its subscribers."
      dimensions  = { TopicName = local._topic_name }
      metric_name = "NumberOfNotificationsFailed"
      namespace   = "AWS/SNS"
      statistic   = "Sum"
      threshold   = 1
    })
  }

  alarm_arns = concat(var.alarm_arns, [for name in sort(keys(aws_cloudwatch_metric_alarm.this)) : aws_cloudwatch_metric_alarm.this[name].arn])

  # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
  _metric = { for name in ["Certificates", "ConfirmedSubscriptions", "CriticalFindings", "FailedScopes", "InfoFindings", "NextExpiryDays", "OldestCriticalHours", "PartialScopes", "RunsCompleted", "UndeliveredAlerts", "WarningFindings"] : name => [local._namespace, name, "Instance", var.instance] }

  _now = [
    { title = "Days until the next certificate expires", metric = "NextExpiryDays", stat = "Minimum" },
    { title = "Critical findings", metric = "CriticalFindings", stat = "Maximum" },
    { title = "Age of the oldest critical finding in hours", metric = "OldestCriticalHours", stat = "Maximum" },
    { title = "Confirmed subscriptions", metric = "ConfirmedSubscriptions", stat = "Minimum" },
  ]

  _rows = [
    {
      title = "Findings by severity"
      x     = 0
      y     = 20
      stat  = "Maximum"
      metrics = [
        concat(local._metric.CriticalFindings, [{ color = "#d62728", label = "Critical" }]),
        concat(local._metric.WarningFindings, [{ color = "#ff7f0e", label = "Warning" }]),
        concat(local._metric.InfoFindings, [{ color = "#1f77b4", label = "Info" }]),
      ]
    },
    {
      title = "Runs"
      x     = 12
      y     = 20
      stat  = "SampleCount"
      metrics = [
        concat(local._metric.Certificates, [{ label = "All runs" }]),
        concat(local._metric.RunsCompleted, [{ label = "Scheduled runs" }]),
      ]
    },
    {
      title = "Failed scans and messages"
      x     = 0
      y     = 26
      stat  = "Maximum"
      metrics = [
        concat(local._metric.FailedScopes, [{ label = "Accounts and regions not scanned" }]),
        concat(local._metric.PartialScopes, [{ label = "Accounts and regions partly scanned" }]),
        concat(local._metric.UndeliveredAlerts, [{ label = "Messages not sent" }]),
      ]
    },
    {
      title = "Errors and longest invocation of the function"
      x     = 12
      y     = 26
      stat  = "Sum"
      metrics = [
        ["AWS/Lambda", "Errors", "FunctionName", var.function_name, { label = "Errors" }],
        ["AWS/Lambda", "Throttles", "FunctionName", var.function_name, { label = "Throttles" }],
        ["AWS/Lambda", "Duration", "FunctionName", var.function_name, { label = "Milliseconds", stat = "Maximum", yAxis = "right" }],
      ]
    },
  ]

  _console = "https://${var.region}.${lookup(local._consoles, data.aws_partition.current.partition, local._consoles.aws)}"
  _runbook = var.runbook_url == null ? "`docs/runbook.md` of the module" : "[the runbook](${var.runbook_url})"
  _links = merge(
    {
      "Log of the runs" = "/cloudwatch/home?region=${var.region}#logsV2:log-groups/log-group/${replace(var.log_group_name, "/", "$252F")}"
      "Topic"           = "/sns/v3/home?region=${var.region}#/topic/${var.topic_arn}"
    },
    var.report_bucket == null ? {} : {
      "Latest report" = "/s3/object/${var.report_bucket}?region=${var.region}&prefix=reports/${var.instance}/latest.html"
      "Reports"       = "/s3/buckets/${var.report_bucket}?region=${var.region}&prefix=reports/${var.instance}/"
    },
  )

  _what_to_do = join("\n", [
    "## What to do",
    "1. If an alarm rings, do the first step in its description.",
    "2. If certificates need attention, take the first row of the table below: `urgency` 1 and 2 need a person, 3 is for information. Do the steps of its `problem` in ${local._runbook}.",
    "3. For users, names and exact commands, read the last message of the topic${var.report_bucket == null ? "" : ", or the latest report"}. With the command line: `certificates explain ARN --instance ${var.instance}`, then `certificates plan --instance ${var.instance}`.",
    "",
    join(" | ", [for text, path in local._links : "[${text}](${local._console}${path})"]),
  ])

  # A finding that is resolved is in no later run, so that the table lists only what the runs of the longest allowed pause have found.
  # Only `limit` may follow `dedup`, and `sort` takes one field: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax-Dedup.html
  _latest_findings = join(" | ", [
    "SOURCE '${var.log_group_name}'",
    "filter message = 'certificate assessed' and toMillis(@timestamp) >= (now() * 1000 - ${(24 * var.max_silence_days + 2) * 3600000})",
    "fields replace(replace(replace(severity, 'critical', '1 critical'), 'warning', '2 warning'), 'info', '3 info') as rank",
    "stats latest(rank) as urgency, latest(domain_name) as name, latest(verdict) as problem, latest(reason) as cause, latest(@timestamp) as last_seen by certificate_arn",
    "sort urgency asc",
    "limit 100",
  ])

  dashboard_json = jsonencode({
    # Contains two runs of a weekly schedule.
    start          = "-P14D"
    periodOverride = "inherit"
    widgets = concat(
      # CloudWatch rejects a widget without alarms.
      [for shown in [local.alarm_arns] : {
        type       = "alarm"
        x          = 0
        y          = 0
        width      = 24
        height     = 3
        properties = { title = "Alarms", alarms = shown }
      } if length(shown) > 0],
      [{
        type       = "text"
        x          = 0
        y          = 3
        width      = 24
        height     = 5
        properties = { markdown = local._what_to_do }
      }],
      [for index, number in local._now : {
        type   = "metric"
        x      = index * 6
        y      = 8
        width  = 6
        height = 4
        properties = {
          title     = number.title
          view      = "singleValue"
          sparkline = true
          region    = var.region
          stat      = number.stat
          period    = 3600
          metrics   = [local._metric[number.metric]]
        }
      }],
      [{
        type   = "log"
        x      = 0
        y      = 12
        width  = 24
        height = 8
        properties = {
          title  = "Findings of the latest runs, worst first"
          view   = "table"
          region = var.region
          query  = local._latest_findings
        }
      }],
      [for row in local._rows : {
        type   = "metric"
        x      = row.x
        y      = row.y
        width  = 12
        height = 6
        properties = {
          title   = row.title
          view    = "timeSeries"
          region  = var.region
          stat    = row.stat
          period  = 3600
          metrics = row.metrics
        }
      }],
    )
  })

  _consoles = {
    aws        = "console.aws.amazon.com"
    aws-cn     = "console.amazonaws.cn"
    aws-us-gov = "console.amazonaws-us-gov.com"
  }
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = var.alarms ? local._alarms : {}

  alarm_name          = "${var.instance}-${each.key}"
  alarm_description   = each.value.description
  namespace           = each.value.namespace
  metric_name         = each.value.metric_name
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  period              = each.value.period
  evaluation_periods  = each.value.evaluation_periods
  comparison_operator = each.value.comparison
  threshold           = each.value.threshold
  treat_missing_data  = each.value.treat_missing_data
  alarm_actions       = [var.topic_arn]
  ok_actions          = [var.topic_arn]
  tags                = var.tags
}

resource "aws_cloudwatch_dashboard" "this" {
  count = var.dashboard ? 1 : 0

  dashboard_name = var.instance
  dashboard_body = local.dashboard_json
}
