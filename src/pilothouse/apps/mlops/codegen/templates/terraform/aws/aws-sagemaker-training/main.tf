# Training runs as a SageMaker job: no server waits between runs.

resource "aws_security_group" "this" {
  name        = "${var.name}-training"
  description = "Training jobs"
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_egress_rule" "https" {
  security_group_id = aws_security_group.this.id
  description       = "AWS APIs"
  cidr_ipv4         = "0.0.0.0/0"
  from_port         = 443
  to_port           = 443
  ip_protocol       = "tcp"
}

data "aws_caller_identity" "current" {}

data "aws_region" "current" {}

locals {
  jobs = "arn:aws:sagemaker:${data.aws_region.current.region}:${data.aws_caller_identity.current.account_id}:training-job/${var.name}-*"
}

data "aws_iam_policy_document" "job" {
  statement {
    sid       = "JobLogs"
    actions   = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    resources = ["arn:aws:logs:${data.aws_region.current.region}:${data.aws_caller_identity.current.account_id}:log-group:/aws/sagemaker/TrainingJobs*"]
  }

  statement {
    sid       = "JobMetrics"
    actions   = ["cloudwatch:PutMetricData"]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "cloudwatch:namespace"
      values   = ["/aws/sagemaker/TrainingJobs", var.name]
    }
  }

  # A job in a VPC gets network interfaces; EC2 has no narrower resource for most of these.
  statement {
    sid = "JobNetwork"
    actions = [
      "ec2:CreateNetworkInterface", "ec2:CreateNetworkInterfacePermission", "ec2:DeleteNetworkInterface",
      "ec2:DeleteNetworkInterfacePermission", "ec2:DescribeDhcpOptions", "ec2:DescribeNetworkInterfaces",
      "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs",
    ]
    resources = ["*"]
  }
}

module "role" {
  source = "../workload-role"

  name                     = var.name
  purpose                  = "training"
  services                 = ["sagemaker.amazonaws.com"]
  kms_key_arn              = var.kms_key_arn
  bucket_arns              = var.bucket_arns
  read_prefixes            = ["raw", "features", "models"]
  write_prefixes           = ["features", "models", "monitoring"]
  write_table_arns         = var.table_arns
  read_table_arns          = var.table_arns
  repository_arns          = var.repository_arns
  secret_arns              = var.secret_arns
  policy_documents         = concat([data.aws_iam_policy_document.job.json], var.data_policies)
  permissions_boundary_arn = var.permissions_boundary_arn
}

data "aws_iam_policy_document" "start" {
  statement {
    sid       = "RunTraining"
    actions   = ["sagemaker:AddTags", "sagemaker:CreateTrainingJob", "sagemaker:DescribeTrainingJob", "sagemaker:StopTrainingJob"]
    resources = [local.jobs]
  }

  statement {
    sid       = "PassTrainingRole"
    actions   = ["iam:PassRole"]
    resources = [module.role.arn]

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["sagemaker.amazonaws.com"]
    }
  }

  statement {
    sid       = "FollowJobs"
    actions   = ["events:DescribeRule", "events:PutRule", "events:PutTargets"]
    resources = ["arn:aws:events:${data.aws_region.current.region}:${data.aws_caller_identity.current.account_id}:rule/StepFunctionsGetEventsForSageMakerTrainingJobsRule"]
  }
}
