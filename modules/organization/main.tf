# Runs the rotation function over the accounts of an organization: a state machine that lists them, looks at each in an invocation of its own, and tells of all of them once.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  # `id` is the one attribute that provider 5 and 6 share: 6 deprecates `name`, 5 has no `region`.
  _here = "${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}"

  # Spelt out, because the state machine's own role names it.
  _state_machine_arn = "arn:${data.aws_partition.current.partition}:states:${local._here}:stateMachine:${var.name}"
  _executions_arn    = "arn:${data.aws_partition.current.partition}:states:${local._here}:execution:${var.name}"

  # What is worth another try is Lambda's trouble, not the function's: an account that could not be looked at says so in the report.
  _retry = [{
    ErrorEquals = [
      "Lambda.AWSLambdaException",
      "Lambda.SdkClientException",
      "Lambda.ServiceException",
      "Lambda.TooManyRequestsException",
    ]
    IntervalSeconds = 5
    BackoffRate     = 2
    MaxAttempts     = 6
    JitterStrategy  = "FULL"
  }]

  # The function ends itself before its own 15 minutes are over; this is for an answer that never comes.
  _timeout_seconds = 960

  _run = {
    "run.$"        = "$$.Execution.Name"
    "started_at.$" = "$$.Execution.StartTime"
    # What the execution was started with: `dry_run`, `rotation_mode`, `accounts` and `regions` narrow a run down.
    "input.$" = "$$.Execution.Input"
  }

  definition_json = jsonencode({
    Comment = "Looks after the certificates of every account of an organization."
    StartAt = "ListAccounts"
    States = {
      ListAccounts = {
        Type           = "Task"
        Resource       = "arn:${data.aws_partition.current.partition}:states:::lambda:invoke"
        TimeoutSeconds = local._timeout_seconds
        Parameters = {
          FunctionName = var.function_arn
          Payload = {
            organization = merge(local._run, {
              accounts          = sort(var.account_ids)
              excluded_accounts = sort(var.excluded_account_ids)
              step              = "list"
            })
          }
        }
        ResultPath = null
        Retry      = local._retry
        Next       = "ScanEachAccount"
      }

      ScanEachAccount = {
        Type = "Map"
        # From a file, because thousands of accounts do not fit into a state's 256 KiB.
        ItemReader = {
          Resource     = "arn:${data.aws_partition.current.partition}:states:::s3:getObject"
          ReaderConfig = { InputType = "JSON" }
          Parameters = {
            Bucket  = module.bucket.name
            "Key.$" = "States.Format('runs/{}/accounts.json', $$.Execution.Name)"
          }
        }
        ItemSelector = {
          organization = merge(local._run, {
            "account_id.$" = "$$.Map.Item.Value.account_id"
            step           = "scan"
          })
        }
        Label                      = "Accounts"
        MaxConcurrency             = var.max_concurrency
        ToleratedFailurePercentage = var.tolerated_failure_percentage
        ItemProcessor = {
          # Standard: an express child has five minutes at the most, and may run twice.
          ProcessorConfig = { Mode = "DISTRIBUTED", ExecutionType = "STANDARD" }
          StartAt         = "ScanAccount"
          States = {
            ScanAccount = {
              Type           = "Task"
              Resource       = "arn:${data.aws_partition.current.partition}:states:::lambda:invoke"
              TimeoutSeconds = local._timeout_seconds
              Parameters = {
                FunctionName = var.function_arn
                "Payload.$"  = "$"
              }
              # What was found lies in the bucket.
              ResultSelector = {}
              Retry          = local._retry
              End            = true
            }
          }
        }
        ResultPath = null
        # Whatever became of the accounts: people are told of it, and of those that were not looked at.
        Catch = [{ ErrorEquals = ["States.ALL"], ResultPath = null, Next = "Aggregate" }]
        Next  = "Aggregate"
      }

      Aggregate = {
        Type           = "Task"
        Resource       = "arn:${data.aws_partition.current.partition}:states:::lambda:invoke"
        TimeoutSeconds = local._timeout_seconds
        Parameters = {
          FunctionName = var.function_arn
          Payload      = { organization = merge(local._run, { step = "aggregate" }) }
        }
        OutputPath = "$.Payload"
        Retry      = local._retry
        End        = true
      }
    }
  })
}

resource "aws_sfn_state_machine" "this" {
  # checkov:skip=CKV_AWS_284:no tracing, because the functions talk to AWS APIs only and log one line for each decision
  # checkov:skip=CKV_AWS_285:no log group, because each step is an invocation with a log of its own, and Step Functions keeps every execution's history for 90 days
  name       = var.name
  role_arn   = aws_iam_role.this.arn
  definition = local.definition_json
  tags       = var.tags

  # The first execution may follow at once, and would fail without its permissions.
  depends_on = [aws_iam_role_policy.this]
}

resource "aws_iam_role" "this" {
  name                 = var.name
  description          = "Lets ${var.name} invoke ${var.function_name} for each account."
  permissions_boundary = var.permissions_boundary_arn
  tags                 = var.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "LetTheStateMachineIn"
      Effect    = "Allow"
      Action    = ["sts:AssumeRole"]
      Principal = { Service = "states.amazonaws.com" }
      # Of this state machine and no other, see the Step Functions developer guide on the confused deputy.
      Condition = {
        ArnLike      = { "aws:SourceArn" = local._state_machine_arn }
        StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id }
      }
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  name = var.name
  role = aws_iam_role.this.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "InvokeTheRotationFunction"
        Effect   = "Allow"
        Action   = ["lambda:InvokeFunction"]
        Resource = [var.function_arn]
      },
      {
        Sid      = "ReadTheListOfAccounts"
        Effect   = "Allow"
        Action   = ["s3:GetObject"]
        Resource = ["${module.bucket.arn}/runs/*/accounts.json"]
      },
      {
        Sid      = "StartTheChildrenOfTheMap"
        Effect   = "Allow"
        Action   = ["states:StartExecution"]
        Resource = [local._state_machine_arn]
      },
      {
        # The developer guide names the first form; the ARN of a child has the map's label behind the name.
        Sid      = "FollowTheChildrenOfTheMap"
        Effect   = "Allow"
        Action   = ["states:DescribeExecution", "states:StopExecution"]
        Resource = ["${local._executions_arn}:*", "${local._executions_arn}/Accounts:*"]
      },
    ]
  })
}

# --- What the steps leave for one another ---------------------------------------------------------

module "bucket" {
  source = "../bucket"

  # Documents of past runs are no reason to keep a stack that is destroyed.
  force_destroy  = true
  name           = var.bucket_name
  prefix         = "runs/"
  retention_days = var.retention_days
  tags           = var.tags
}

# --- What starts it, and who hears if it fails ----------------------------------------------------

resource "aws_cloudwatch_event_rule" "this" {
  name                = var.name
  description         = "Starts ${var.name}, which looks after the certificates of every account."
  schedule_expression = var.schedule_expression
  state               = "ENABLED"
  tags                = var.tags
}

resource "aws_cloudwatch_event_target" "this" {
  rule      = aws_cloudwatch_event_rule.this.name
  target_id = var.name
  arn       = aws_sfn_state_machine.this.arn
  role_arn  = aws_iam_role.rule.arn
  # No `input`: the function recognises the event of the schedule.

  retry_policy {
    maximum_event_age_in_seconds = 3600
    maximum_retry_attempts       = 10
  }

  # A rule that fires before it may start the state machine loses its first run.
  depends_on = [aws_iam_role_policy.rule]
}

resource "aws_iam_role" "rule" {
  name                 = "${var.name}-rule"
  description          = "Lets the rule ${var.name} start the state machine of the same name."
  permissions_boundary = var.permissions_boundary_arn
  tags                 = var.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "LetTheRuleIn"
      Effect    = "Allow"
      Action    = ["sts:AssumeRole"]
      Principal = { Service = "events.amazonaws.com" }
      Condition = {
        ArnEquals    = { "aws:SourceArn" = aws_cloudwatch_event_rule.this.arn }
        StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id }
      }
    }]
  })
}

resource "aws_iam_role_policy" "rule" {
  name = "${var.name}-rule"
  role = aws_iam_role.rule.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "StartTheStateMachine"
      Effect   = "Allow"
      Action   = ["states:StartExecution"]
      Resource = [aws_sfn_state_machine.this.arn]
    }]
  })
}

# A run that could not look everywhere fails after it has told people; this is for those that could not tell them, too.
resource "aws_cloudwatch_metric_alarm" "failed" {
  count = var.alarms ? 1 : 0

  alarm_name          = "${var.name}-failed"
  alarm_description   = "A run of ${var.name} over the organization failed, was stopped or never ended. Its execution says which step did; the message and the report of the run, if it came that far, name what was not looked at."
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  evaluation_periods  = 1
  # No run means no data point, and most five-minute periods have none.
  treat_missing_data = "notBreaching"
  alarm_actions      = [var.topic_arn]
  ok_actions         = [var.topic_arn]
  tags               = var.tags

  metric_query {
    id          = "ended_badly"
    label       = "Runs that did not succeed"
    expression  = "SUM(METRICS())"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = toset(["ExecutionsAborted", "ExecutionsFailed", "ExecutionsTimedOut"])

    content {
      id = lower(metric_query.value)

      metric {
        namespace   = "AWS/States"
        metric_name = metric_query.value
        dimensions  = { StateMachineArn = aws_sfn_state_machine.this.arn }
        stat        = "Sum"
        period      = 300
      }
    }
  }
}
