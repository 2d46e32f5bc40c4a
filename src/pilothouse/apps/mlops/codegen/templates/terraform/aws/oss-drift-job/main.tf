# The drift check as a scheduled Fargate task of the service's image.

data "aws_region" "current" {}

resource "aws_security_group" "this" {
  name        = "${var.name}-drift"
  description = "Drift check"
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

resource "aws_cloudwatch_log_group" "this" {
  name              = "/${var.name}/drift"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
}

module "role" {
  source = "../workload-role"

  name                     = var.name
  purpose                  = "drift"
  services                 = ["ecs-tasks.amazonaws.com"]
  kms_key_arn              = var.kms_key_arn
  bucket_arns              = var.bucket_arns
  read_prefixes            = ["features", "models", "monitoring", "predictions"]
  write_prefixes           = ["monitoring"]
  permissions_boundary_arn = var.permissions_boundary_arn
}

module "execution_role" {
  source = "../workload-role"

  name                     = var.name
  purpose                  = "drift-start"
  services                 = ["ecs-tasks.amazonaws.com"]
  kms_key_arn              = var.kms_key_arn
  repository_arns          = var.repository_arns
  log_group_arns           = [aws_cloudwatch_log_group.this.arn]
  permissions_boundary_arn = var.permissions_boundary_arn
}

resource "aws_ecs_cluster" "this" {
  name = "${var.name}-jobs"
}

resource "aws_ecs_task_definition" "this" {
  family                   = "${var.name}-drift"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 256
  memory                   = 512
  task_role_arn            = module.role.arn
  execution_role_arn       = module.execution_role.arn

  container_definitions = jsonencode([{
    name                   = "drift"
    image                  = var.image
    command                = ["drift"]
    essential              = true
    user                   = "10001"
    readonlyRootFilesystem = true
    environment            = [for key, value in var.settings : { name = key, value = value }]
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        "awslogs-group"         = aws_cloudwatch_log_group.this.name
        "awslogs-region"        = data.aws_region.current.region
        "awslogs-stream-prefix" = "drift"
      }
    }
  }])
}

data "aws_iam_policy_document" "start" {
  statement {
    sid       = "RunDriftTask"
    actions   = ["ecs:RunTask"]
    resources = ["${aws_ecs_task_definition.this.arn_without_revision}:*"]

    condition {
      test     = "ArnEquals"
      variable = "ecs:cluster"
      values   = [aws_ecs_cluster.this.arn]
    }
  }

  statement {
    sid       = "PassTaskRoles"
    actions   = ["iam:PassRole"]
    resources = [module.role.arn, module.execution_role.arn]
  }
}

module "scheduler_role" {
  source = "../workload-role"

  name                     = var.name
  purpose                  = "drift-schedule"
  services                 = ["scheduler.amazonaws.com"]
  kms_key_arn              = var.kms_key_arn
  policy_documents         = [data.aws_iam_policy_document.start.json]
  permissions_boundary_arn = var.permissions_boundary_arn
}

resource "aws_scheduler_schedule" "this" {
  name                         = "${var.name}-drift"
  schedule_expression          = var.drift_schedule
  schedule_expression_timezone = "UTC"
  kms_key_arn                  = var.kms_key_arn

  flexible_time_window {
    mode                      = "FLEXIBLE"
    maximum_window_in_minutes = 15
  }

  target {
    arn      = aws_ecs_cluster.this.arn
    role_arn = module.scheduler_role.arn

    ecs_parameters {
      task_definition_arn = aws_ecs_task_definition.this.arn_without_revision
      launch_type         = "FARGATE"

      network_configuration {
        subnets          = var.private_subnet_ids
        security_groups  = [aws_security_group.this.id]
        assign_public_ip = false
      }
    }
  }
}
