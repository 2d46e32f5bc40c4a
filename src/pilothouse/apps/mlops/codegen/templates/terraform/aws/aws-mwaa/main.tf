# Managed Airflow: DAGs are read from dags/ of the bucket, workers run in private subnets.

data "aws_caller_identity" "current" {}

data "aws_region" "current" {}

locals {
  environment = "${var.name}-airflow"
  region      = data.aws_region.current.region
  account     = data.aws_caller_identity.current.account_id
}

resource "aws_security_group" "this" {
  name        = "${var.name}-airflow"
  description = "Airflow workers"
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_ingress_rule" "self" {
  security_group_id            = aws_security_group.this.id
  description                  = "Between schedulers and workers"
  referenced_security_group_id = aws_security_group.this.id
  ip_protocol                  = "-1"
}

resource "aws_vpc_security_group_egress_rule" "https" {
  security_group_id = aws_security_group.this.id
  description       = "AWS APIs"
  cidr_ipv4         = "0.0.0.0/0"
  from_port         = 443
  to_port           = 443
  ip_protocol       = "tcp"
}

resource "aws_vpc_security_group_egress_rule" "self" {
  security_group_id            = aws_security_group.this.id
  description                  = "Between schedulers and workers"
  referenced_security_group_id = aws_security_group.this.id
  ip_protocol                  = "-1"
}

data "aws_iam_policy_document" "airflow" {
  statement {
    sid       = "PublishMetrics"
    actions   = ["airflow:PublishMetrics"]
    resources = ["arn:aws:airflow:${local.region}:${local.account}:environment/${local.environment}"]
  }

  statement {
    sid = "Logs"
    actions = [
      "logs:CreateLogGroup", "logs:CreateLogStream", "logs:GetLogEvents", "logs:GetLogGroupFields",
      "logs:GetLogRecord", "logs:GetQueryResults", "logs:PutLogEvents",
    ]
    resources = ["arn:aws:logs:${local.region}:${local.account}:log-group:airflow-${local.environment}-*"]
  }

  statement {
    sid = "TaskQueue"
    actions = [
      "sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:GetQueueUrl",
      "sqs:ReceiveMessage", "sqs:SendMessage",
    ]
    resources = ["arn:aws:sqs:${local.region}:*:airflow-celery-*"]
  }

  statement {
    sid       = "CheckBucketIsPrivate"
    actions   = ["s3:GetBucketPublicAccessBlock", "s3:GetEncryptionConfiguration"]
    resources = [var.bucket_arn]
  }
}

module "role" {
  source = "../workload-role"

  name                     = var.name
  purpose                  = "airflow"
  services                 = ["airflow.amazonaws.com", "airflow-env.amazonaws.com"]
  kms_key_arn              = var.kms_key_arn
  bucket_arns              = [var.bucket_arn]
  read_prefixes            = ["dags"]
  write_prefixes           = ["airflow"]
  policy_documents         = concat([data.aws_iam_policy_document.airflow.json], var.task_policies)
  permissions_boundary_arn = var.permissions_boundary_arn
}

resource "aws_mwaa_environment" "this" {
  name                  = local.environment
  airflow_version       = "2.10.3"
  environment_class     = var.instance
  min_workers           = var.replicas
  max_workers           = var.max_replicas
  schedulers            = 2
  execution_role_arn    = module.role.arn
  source_bucket_arn     = var.bucket_arn
  dag_s3_path           = "dags"
  kms_key               = var.kms_key_arn
  webserver_access_mode = "PRIVATE_ONLY"

  airflow_configuration_options = {
    "core.load_examples"   = "false"
    "core.default_retries" = "2"
    # The DAGs read their schedules and steps from here.
    "pipelines.training"            = jsonencode(var.training_tasks)
    "pipelines.scoring"             = jsonencode(var.scoring_tasks)
    "pipelines.retraining_schedule" = var.retraining_cron
    "pipelines.scoring_schedule"    = var.scoring_cron
  }

  network_configuration {
    security_group_ids = [aws_security_group.this.id]
    subnet_ids         = slice(var.private_subnet_ids, 0, 2)
  }

  logging_configuration {
    scheduler_logs {
      enabled   = true
      log_level = "WARNING"
    }

    task_logs {
      enabled   = true
      log_level = "INFO"
    }

    worker_logs {
      enabled   = true
      log_level = "WARNING"
    }
  }
}
