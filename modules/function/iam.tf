locals {
  # Not a reference, because the function depends on its policy. The log group is in the same account and region.
  _group        = split(":", aws_cloudwatch_log_group.this.arn)
  _function_arn = "arn:${local._group[1]}:lambda:${local._group[3]}:${local._group[4]}:function:${var.name}"

  _topic_region = element(split(":", var.topic_arn), 3)

  _own_statements = concat(
    [
      {
        # No logs:CreateLogGroup: a deleted group must not come back without its retention.
        Sid      = "WriteOwnLogs"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = ["${aws_cloudwatch_log_group.this.arn}:*"]
      },
      {
        # Lambda sends failed events with the function's own permissions.
        Sid      = "PublishToTopic"
        Effect   = "Allow"
        Action   = concat(var.counts_subscriptions ? ["sns:GetTopicAttributes"] : [], ["sns:Publish"])
        Resource = [var.topic_arn]
      },
    ],
    var.topic_kms_key_arn == null ? [] : [{
      # SNS encrypts with the publisher's permissions.
      Sid      = "EncryptForTopic"
      Effect   = "Allow"
      Action   = ["kms:Decrypt", "kms:GenerateDataKey*"]
      Resource = [var.topic_kms_key_arn]
      Condition = {
        StringEquals = { "kms:EncryptionContext:aws:sns:topicArn" = var.topic_arn }
        # Some partitions add a suffix.
        StringLike = { "kms:ViaService" = "sns.${local._topic_region}.amazonaws.com*" }
      }
    }],
    var.kms_key_arn == null ? [] : [{
      Sid      = "ReadOwnEnvironment"
      Effect   = "Allow"
      Action   = ["kms:Decrypt"]
      Resource = [var.kms_key_arn]
      # Lambda sets the function's ARN as encryption context, so the role decrypts no other environment.
      Condition = { StringEquals = { "kms:EncryptionContext:aws:lambda:FunctionArn" = local._function_arn } }
    }],
    # https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
    [for statement in [
      {
        Sid    = "ConnectToTheVpc"
        Effect = "Allow"
        Action = local._vpc_actions
        # "*": Lambda checks these permissions without a resource when it connects a function.
        Resource = ["*"]
      },
      {
        # Only Lambda needs these permissions. The key is in requests of the function's own code.
        Sid    = "RefuseTheCodeOfTheFunction"
        Effect = "Deny"
        Action = local._vpc_actions
        # "*": it denies, and must deny all requests.
        Resource  = ["*"]
        Condition = { ArnEquals = { "lambda:SourceFunctionArn" = local._function_arn } }
      },
    ] : statement if var.vpc != null],
  )

  # IAM allows 10240 characters. An eighth is reserved for these statements, and more for those of a VPC, because ARNs are unknown during a plan.
  _longest_policy = 8960 - (var.vpc == null ? 0 : 768)

  _vpc_actions = [
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
  ]
}

resource "aws_iam_role" "this" {
  name                 = var.name
  path                 = var.role_path
  description          = "Execution role of the function ${var.name}."
  permissions_boundary = var.permissions_boundary_arn
  tags                 = var.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "LetLambdaRunTheFunction"
      Effect    = "Allow"
      Action    = ["sts:AssumeRole"]
      Principal = { Service = "lambda.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  name = var.name
  role = aws_iam_role.this.name

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = concat(jsondecode(var.policy_json).Statement, local._own_statements)
  })

  lifecycle {
    precondition {
      condition     = length(var.policy_json) <= local._longest_policy
      error_message = "The policy of ${var.name} must have at most ${local._longest_policy} characters, because IAM allows 10240 and the module adds its own statements, got ${length(var.policy_json)}; use fewer domains (allowed_domains, certificates, scope.include), zones, regions, import sources or export targets, or a common parent of the domains."
    }
  }
}
