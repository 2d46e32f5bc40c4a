# What no role of this system may ever do, who may look, and a watch for access from outside.

data "aws_caller_identity" "current" {}

data "aws_iam_policy_document" "boundary" {
  # A boundary grants nothing: it is the outer limit of what the roles' own policies can give.
  statement {
    sid    = "Services"
    effect = "Allow"
    actions = [
      "airflow:PublishMetrics", "batch:DescribeJobs", "batch:SubmitJob", "bedrock:ApplyGuardrail", "bedrock:Invoke*",
      "cloudwatch:Describe*", "cloudwatch:Get*", "cloudwatch:List*", "cloudwatch:PutMetricData", "dynamodb:Batch*",
      "dynamodb:DescribeTable", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem",
      "ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:CreateNetworkInterfacePermission",
      "ec2:DeleteNetworkInterface", "ec2:DeleteNetworkInterfacePermission", "ec2:Describe*",
      "ec2:UnassignPrivateIpAddresses", "ecr:CompleteLayerUpload", "ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "ecr:Batch*", "ecr:DescribeImages",
      "ecr:Get*", "ecr:PutImage", "ecs:DescribeServices", "ecs:DescribeTaskDefinition", "ecs:DescribeTasks", "ecs:RegisterTaskDefinition", "ecs:RunTask", "ecs:StopTask", "ecs:UpdateService", "eks:DescribeCluster",
      "elasticache:Connect", "es:ESHttp*", "events:DescribeRule", "events:PutRule", "events:PutTargets", "glue:Batch*",
      "glue:CreateTable", "glue:Get*", "glue:StartJobRun", "glue:UpdateTable", "iam:PassRole", "kafka-cluster:AlterGroup",
      "kafka-cluster:Connect", "kafka-cluster:Describe*", "kafka-cluster:ReadData", "kafka-cluster:WriteData",
      "kinesis:Describe*", "kinesis:Get*", "kinesis:ListShards", "kinesis:PutRecord*", "kms:Decrypt", "kms:DescribeKey",
      "kms:GenerateDataKey", "lambda:GetFunction", "lambda:InvokeFunction", "lambda:UpdateAlias", "lambda:UpdateFunctionCode", "logs:Create*", "logs:DeleteLogDelivery",
      "logs:Describe*", "logs:FilterLogEvents", "logs:Get*", "logs:ListLogDeliveries", "logs:Put*", "logs:StartQuery",
      "logs:UpdateLogDelivery", "rds-db:connect", "s3:AbortMultipartUpload", "s3:Get*", "s3:ListBucket", "s3:PutObject",
      "sagemaker:AddTags", "sagemaker:BatchGetRecord", "sagemaker:Create*", "sagemaker:Describe*", "sagemaker:GetRecord",
      "sagemaker:InvokeEndpoint", "sagemaker:PutRecord", "sagemaker:Stop*", "sagemaker:UpdateEndpoint",
      "secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue", "sqs:ChangeMessageVisibility", "sqs:DeleteMessage",
      "sqs:GetQueue*", "sqs:ReceiveMessage", "sqs:SendMessage", "states:StartExecution",
    ]
    resources = ["*"]

    # Data stays in the region it was promised to.
    condition {
      test     = "StringEqualsIfExists"
      variable = "aws:RequestedRegion"
      values   = [var.region]
    }
  }

  statement {
    sid    = "NeverWidenAccess"
    effect = "Deny"
    actions = [
      "kms:ScheduleKeyDeletion", "s3:DeleteBucketPolicy", "s3:PutBucketAcl", "s3:PutBucketPublicAccessBlock",
      "s3:PutBucketPolicy", "secretsmanager:DeleteResourcePolicy", "logs:DeleteLogGroup",
    ]
    resources = ["*"]
  }
}

resource "aws_iam_policy" "boundary" {
  name        = "${var.name}-boundary"
  description = "Outer limit of every role of ${var.name}"
  policy      = data.aws_iam_policy_document.boundary.json
}

data "aws_iam_policy_document" "operator_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::${data.aws_caller_identity.current.account_id}:root"]
    }

    condition {
      test     = "Bool"
      variable = "aws:MultiFactorAuthPresent"
      values   = ["true"]
    }
  }
}

data "aws_iam_policy_document" "operator" {
  statement {
    sid       = "ReadLogsOfThisSystem"
    actions   = ["logs:FilterLogEvents", "logs:GetLogEvents", "logs:StartQuery"]
    resources = ["arn:aws:logs:${var.region}:${data.aws_caller_identity.current.account_id}:log-group:/${var.name}/*"]
  }

  statement {
    sid       = "ReadMetrics"
    actions   = ["cloudwatch:DescribeAlarms", "cloudwatch:GetMetricData", "cloudwatch:ListMetrics", "logs:GetQueryResults"]
    resources = ["*"]
  }
}

resource "aws_iam_role" "operator" {
  name                 = "${var.name}-operator"
  description          = "People on call: read logs and metrics, nothing else"
  assume_role_policy   = data.aws_iam_policy_document.operator_trust.json
  permissions_boundary = aws_iam_policy.boundary.arn
  max_session_duration = 14400
}

resource "aws_iam_role_policy" "operator" {
  name   = "read-telemetry"
  role   = aws_iam_role.operator.id
  policy = data.aws_iam_policy_document.operator.json
}

resource "aws_accessanalyzer_analyzer" "this" {
  analyzer_name = var.name
  type          = "ACCOUNT"
}
