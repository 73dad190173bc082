# A state machine that lists the accounts of an organization, scans each account in its own invocation of the rotation function, and sends one message.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

locals {
  _here = "${var.region}:${data.aws_caller_identity.current.account_id}"

  # Not a reference, because the role of the state machine contains the ARN.
  _state_machine_arn = "arn:${data.aws_partition.current.partition}:states:${local._here}:stateMachine:${var.name}"
  _executions_arn    = "arn:${data.aws_partition.current.partition}:states:${local._here}:execution:${var.name}"

  # Only errors of Lambda itself are retried. The report contains accounts that the function could not scan.
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

  # Longer than the function's own timeout of 15 minutes, for a response that never arrives.
  _timeout_seconds = 960

  _run = {
    "run.$"        = "$$.Execution.Name"
    "started_at.$" = "$$.Execution.StartTime"
    # The input of the execution: `dry_run`, `rotation_mode`, `accounts` and `regions`.
    "input.$" = "$$.Execution.Input"
  }

  definition_json = jsonencode({
    Comment = "Scans the certificates of all accounts of an organization."
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
        Next       = "ScanAccounts"
      }

      ScanAccounts = {
        Type = "Map"
        # From S3, because thousands of accounts exceed the 256 KiB of a state's input.
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
          # Standard, because an express execution has at most five minutes and may run twice.
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
              # The result is in the bucket.
              ResultSelector = {}
              Retry          = local._retry
              End            = true
            }
          }
        }
        ResultPath = null
        # The message is sent even if accounts fail, and contains the accounts that were not scanned.
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
  # checkov:skip=CKV_AWS_284:no tracing, because the functions call only AWS APIs and log each decision
  # checkov:skip=CKV_AWS_285:no log group, because each step is an invocation with its own log, and Step Functions keeps the history of executions for 90 days
  name       = var.name
  role_arn   = aws_iam_role.this.arn
  definition = local.definition_json
  tags       = var.tags

  # The first execution may follow immediately and needs the permissions.
  depends_on = [aws_iam_role_policy.this]
}

resource "aws_iam_role" "this" {
  name                 = var.name
  path                 = var.role_path
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
      # Only this state machine, see the Step Functions developer guide on the confused deputy.
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
        # The developer guide documents the first form. The ARN of a child execution also has the map's label.
        Sid      = "FollowTheChildrenOfTheMap"
        Effect   = "Allow"
        Action   = ["states:DescribeExecution", "states:StopExecution"]
        Resource = ["${local._executions_arn}:*", "${local._executions_arn}/Accounts:*"]
      },
    ]
  })
}

# --- Bucket for the results of the steps ----------------------------------------------------------

module "bucket" {
  source = "../bucket"

  # The results of past runs must not prevent destroying the stack.
  force_destroy  = true
  name           = var.bucket_name
  prefix         = "runs/"
  retention_days = var.retention_days
  tags           = var.tags
}

# --- Schedule and alarm ---------------------------------------------------------------------------

resource "aws_cloudwatch_event_rule" "this" {
  name                = var.name
  description         = "Starts ${var.name} to scan the certificates of all accounts."
  schedule_expression = var.schedule_expression
  state               = "ENABLED"
  tags                = var.tags
}

resource "aws_cloudwatch_event_target" "this" {
  rule      = aws_cloudwatch_event_rule.this.name
  target_id = var.name
  arn       = aws_sfn_state_machine.this.arn
  role_arn  = aws_iam_role.rule.arn
  # No `input`: the event shows the function that the schedule started the run.

  retry_policy {
    maximum_event_age_in_seconds = 3600
    maximum_retry_attempts       = 10
  }

  # Without the permission, the rule's first execution fails.
  depends_on = [aws_iam_role_policy.rule]
}

resource "aws_iam_role" "rule" {
  name                 = "${var.name}-rule"
  path                 = var.role_path
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

# A run with accounts that were not scanned sends its message and then fails. This alarm also covers runs that fail without a message.
resource "aws_cloudwatch_metric_alarm" "failed" {
  count = var.alarms ? 1 : 0

  alarm_name          = "${var.name}-failed"
  alarm_description   = "A run of ${var.name} failed, was stopped or timed out. The execution shows the failed step; the message and the report of the run, if sent, list the accounts that were not scanned."
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
    label       = "Failed runs"
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
