# modules/function: a function with its log group, role, failure destination and alarms.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  alarms                   = true
  architecture             = "arm64"
  description              = "Tests."
  environment              = { DOMAIN_NAME = "example.com" }
  filename                 = "./lambda/dist/certificate_lifecycle.zip"
  handler                  = "certificate_lifecycle.handlers.creation.lambda_handler"
  kms_key_arn              = null
  log_retention_days       = 30
  maximum_retry_attempts   = 1
  name                     = "team-creation"
  permissions_boundary_arn = null
  policy_json              = "{\"Statement\":[{\"Sid\":\"Given\",\"Effect\":\"Allow\",\"Action\":[\"acm:ListCertificates\"],\"Resource\":[\"*\"]}]}"
  reserved_concurrency     = null
  role_path                = "/"
  tags                     = {}
  topic_arn                = "arn:aws:sns:eu-west-1:123456789012:alerts"
  topic_kms_key_arn        = null
  vpc                      = null
}

run "the_function_is_the_committed_zip_on_arm_with_json_logs_in_its_own_group" {
  command = apply

  module {
    source = "./modules/function"
  }

  assert {
    condition     = aws_lambda_function.this.source_code_hash == filebase64sha256(var.filename) && aws_lambda_function.this.handler == var.handler
    error_message = "The function must have the given package, pinned by its hash."
  }

  assert {
    condition     = aws_lambda_function.this.runtime == "python3.13" && aws_lambda_function.this.architectures == tolist(["arm64"])
    error_message = "The function must run on python3.13 and arm64."
  }

  assert {
    condition     = aws_lambda_function.this.logging_config[0].log_format == "JSON" && aws_lambda_function.this.logging_config[0].log_group == aws_cloudwatch_log_group.this.name
    error_message = "The function must log JSON to its own log group."
  }

  assert {
    condition     = aws_cloudwatch_log_group.this.name == "/aws/lambda/team-creation" && aws_cloudwatch_log_group.this.retention_in_days == 30
    error_message = "The log group must have the function's name and the given retention."
  }

  assert {
    condition     = aws_lambda_function.this.reserved_concurrent_executions == -1
    error_message = "Without a reservation the function must use the account's unreserved concurrency."
  }
}

run "a_failed_event_is_retried_twice_and_then_reported" {
  command = apply

  module {
    source = "./modules/function"
  }

  assert {
    condition     = aws_lambda_function_event_invoke_config.this.maximum_retry_attempts == var.maximum_retry_attempts && aws_lambda_function_event_invoke_config.this.destination_config[0].on_failure[0].destination == var.topic_arn
    error_message = "An event that fails three times must reach the topic."
  }
}

run "an_error_raises_an_alarm_and_missing_data_does_not" {
  command = apply

  module {
    source = "./modules/function"
  }

  assert {
    condition = (
      aws_cloudwatch_metric_alarm.errors[0].metric_name == "Errors"
      && aws_cloudwatch_metric_alarm.errors[0].dimensions == tomap({ FunctionName = "team-creation" })
      && aws_cloudwatch_metric_alarm.errors[0].threshold == 1
      && aws_cloudwatch_metric_alarm.errors[0].comparison_operator == "GreaterThanOrEqualToThreshold"
      && aws_cloudwatch_metric_alarm.errors[0].treat_missing_data == "notBreaching"
    )
    error_message = "One error of this function must raise the alarm."
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.errors[0].alarm_actions == toset([var.topic_arn]) && aws_cloudwatch_metric_alarm.errors[0].ok_actions == toset([var.topic_arn])
    error_message = "The topic must receive the alarm and its recovery."
  }
}

run "lost_events_and_long_throttling_raise_alarms" {
  command = apply

  module {
    source = "./modules/function"
  }

  assert {
    condition = (
      aws_cloudwatch_metric_alarm.throttles[0].metric_name == "Throttles"
      && aws_cloudwatch_metric_alarm.throttles[0].dimensions == tomap({ FunctionName = "team-creation" })
      && aws_cloudwatch_metric_alarm.throttles[0].period * aws_cloudwatch_metric_alarm.throttles[0].evaluation_periods > var.timeout_seconds
    )
    error_message = "Throttling for the length of a run must not raise an alarm, and longer throttling must."
  }

  assert {
    condition = toset(flatten(aws_cloudwatch_metric_alarm.lost_events[0].metric_query[*].metric[*].metric_name)) == toset([
      "AsyncEventsDropped", "DestinationDeliveryFailures",
    ])
    error_message = "A dropped event and an undelivered failure must raise an alarm."
  }

  assert {
    condition     = length(output.alarm_arns) == 3
    error_message = "The output must contain every alarm."
  }
}

run "only_the_function_that_counts_subscriptions_may_read_them" {
  command = apply

  module {
    source = "./modules/function"
  }

  variables {
    counts_subscriptions = true
  }

  assert {
    condition     = { for s in jsondecode(aws_iam_role_policy.this.policy).Statement : s.Sid => s }["PublishToTopic"].Action == ["sns:GetTopicAttributes", "sns:Publish"]
    error_message = "The function must be able to read the topic's attributes."
  }
}

run "alarms_are_optional" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    alarms = false
  }

  assert {
    condition     = length(output.alarm_arns) == 0
    error_message = "alarms = false must create no alarm."
  }
}

run "the_role_has_the_given_policy_its_logs_and_the_topic" {
  command = apply

  module {
    source = "./modules/function"
  }

  assert {
    condition     = jsondecode(aws_iam_role.this.assume_role_policy).Statement[*].Principal == [{ Service = "lambda.amazonaws.com" }]
    error_message = "Only Lambda may assume the role."
  }

  assert {
    condition     = jsondecode(aws_iam_role_policy.this.policy).Statement[*].Sid == ["Given", "WriteOwnLogs", "PublishToTopic"]
    error_message = "The policy must contain the given statements and those of every function."
  }

  assert {
    condition = { for s in jsondecode(aws_iam_role_policy.this.policy).Statement : s.Sid => s }["WriteOwnLogs"] == {
      Sid      = "WriteOwnLogs"
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = ["arn:aws:logs:eu-west-1:123456789012:log-group:mocked:*"]
    }
    error_message = "The function must be able to write to its own log group, and not to create another."
  }
}

run "customer_keys_are_granted_where_they_are_used" {
  command = apply

  module {
    source = "./modules/function"
  }

  variables {
    kms_key_arn       = "arn:aws:kms:eu-west-1:123456789012:key/functions"
    topic_kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/topic"
  }

  assert {
    condition = [for s in jsondecode(aws_iam_role_policy.this.policy).Statement : [s.Sid, s.Action, s.Resource] if startswith(s.Action[0], "kms:")] == [
      ["EncryptForTopic", ["kms:Decrypt", "kms:GenerateDataKey*"], ["arn:aws:kms:eu-west-1:123456789012:key/topic"]],
      ["ReadOwnEnvironment", ["kms:Decrypt"], ["arn:aws:kms:eu-west-1:123456789012:key/functions"]],
    ]
    error_message = "The role must be able to use each key only for its purpose."
  }

  assert {
    condition = { for s in jsondecode(aws_iam_role_policy.this.policy).Statement : s.Sid => s.Condition if startswith(s.Action[0], "kms:") } == {
      EncryptForTopic = {
        StringEquals = { "kms:EncryptionContext:aws:sns:topicArn" = var.topic_arn }
        StringLike   = { "kms:ViaService" = "sns.eu-west-1.amazonaws.com*" }
      }
      ReadOwnEnvironment = {
        StringEquals = { "kms:EncryptionContext:aws:lambda:FunctionArn" = "arn:aws:lambda:eu-west-1:123456789012:function:${var.name}" }
      }
    }
    error_message = "The role must be able to use the keys only for messages of the topic and for its own environment."
  }

  assert {
    condition     = aws_lambda_function.this.kms_key_arn == var.kms_key_arn && aws_cloudwatch_log_group.this.kms_key_id == var.kms_key_arn
    error_message = "The key must encrypt the environment and the logs."
  }
}

run "the_boundary_and_the_reservation_are_applied" {
  command = apply

  module {
    source = "./modules/function"
  }

  variables {
    permissions_boundary_arn = "arn:aws:iam::123456789012:policy/boundary"
    reserved_concurrency     = 3
  }

  assert {
    condition     = aws_iam_role.this.permissions_boundary == var.permissions_boundary_arn && aws_lambda_function.this.reserved_concurrent_executions == 3
    error_message = "Boundary and reservation must have the given values."
  }
}

run "the_layers_are_attached_in_order" {
  command = apply

  module {
    source = "./modules/function"
  }

  variables {
    layers = ["arn:aws:lambda:eu-west-1:123456789012:layer:first:1", "arn:aws:lambda:eu-west-1:123456789012:layer:boto3:12"]
  }

  assert {
    condition     = aws_lambda_function.this.layers == tolist(var.layers)
    error_message = "The function must have the given layers in their order."
  }
}

run "a_policy_beyond_iam_s_10240_characters_is_refused" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    policy_json = jsonencode({
      Version = "2012-10-17"
      Statement = [{
        Sid      = "RequestTooMuch"
        Effect   = "Allow"
        Action   = ["acm:RequestCertificate"]
        Resource = [for i in range(200) : "arn:aws:acm:eu-west-1:123456789012:certificate/some-forty-characters-${i}"]
      }]
    })
  }

  expect_failures = [aws_iam_role_policy.this]
}

run "a_policy_that_leaves_no_room_for_the_permissions_of_a_vpc_is_refused" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    # 8307 characters, which are allowed without a VPC.
    policy_json = jsonencode({
      Version = "2012-10-17"
      Statement = [{
        Sid      = "RequestMuch"
        Effect   = "Allow"
        Action   = ["acm:RequestCertificate"]
        Resource = [for i in range(100, 201) : "arn:aws:acm:eu-west-1:123456789012:certificate/some-forty-characters-${i}-01234"]
      }]
    })
    vpc = { subnet_ids = ["subnet-1"], security_group_ids = ["sg-1"] }
  }

  expect_failures = [aws_iam_role_policy.this]
}

run "an_environment_beyond_lambda_s_4096_bytes_is_refused" {
  command = plan

  module {
    source = "./modules/function"
  }

  variables {
    environment = { SUBJECT_ALTERNATIVE_NAMES = join(",", [for i in range(100) : "a-name-of-some-forty-characters-${i}.example.com"]) }
  }

  expect_failures = [aws_lambda_function.this]
}

run "the_function_connects_to_a_vpc_and_its_code_may_not_use_lambda_s_permissions" {
  command = apply

  module {
    source = "./modules/function"
  }

  variables {
    architecture = "x86_64"
    role_path    = "/team/"
    vpc          = { subnet_ids = ["subnet-1", "subnet-2"], security_group_ids = ["sg-1"] }
  }

  assert {
    condition     = aws_lambda_function.this.architectures == tolist(["x86_64"]) && aws_iam_role.this.path == "/team/"
    error_message = "Architecture and path must have the given values."
  }

  assert {
    condition     = aws_lambda_function.this.vpc_config[0].subnet_ids == toset(var.vpc.subnet_ids) && aws_lambda_function.this.vpc_config[0].security_group_ids == toset(["sg-1"])
    error_message = "The function must have the given subnets and security groups."
  }

  assert {
    condition = { for s in jsondecode(aws_iam_role_policy.this.policy).Statement : s.Sid => s }["RefuseTheCodeOfTheFunction"] == {
      Sid       = "RefuseTheCodeOfTheFunction"
      Effect    = "Deny"
      Action    = { for s in jsondecode(aws_iam_role_policy.this.policy).Statement : s.Sid => s }["ConnectToTheVpc"].Action
      Resource  = ["*"]
      Condition = { ArnEquals = { "lambda:SourceFunctionArn" = "arn:aws:lambda:eu-west-1:123456789012:function:${var.name}" } }
    }
    error_message = "Each permission that Lambda needs for the VPC must be denied to the function's code."
  }
}
