# The service on Fargate: private subnets, rolling deployments that roll back, scaling on load.

data "aws_caller_identity" "current" {}

data "aws_region" "current" {}

locals {
  # A second process of the same image beside the service, where the design has one.
  sidecars = [
    for command in var.sidecar_command : {
      name                   = command
      image                  = var.image
      command                = [command]
      essential              = false
      user                   = "10001"
      readonlyRootFilesystem = true
      environment            = [for key, value in merge(var.settings, { PORT = "8081" }) : { name = key, value = value }]
      linuxParameters        = { initProcessEnabled = true, capabilities = { drop = ["ALL"] } }
      restartPolicy          = { enabled = true, restartAttemptPeriod = 60 }
      logConfiguration = {
        logDriver = "awslogs"
        options = {
          "awslogs-group"         = aws_cloudwatch_log_group.this.name
          "awslogs-region"        = data.aws_region.current.region
          "awslogs-stream-prefix" = command
        }
      }
    }
  ]
}

resource "aws_security_group" "this" {
  name        = "${var.name}-serving"
  description = "Inference service"
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_ingress_rule" "gateway" {
  count = length(var.gateway_security_group_ids)

  security_group_id            = aws_security_group.this.id
  description                  = "Requests from the gateway"
  referenced_security_group_id = var.gateway_security_group_ids[count.index]
  from_port                    = 8080
  to_port                      = 8080
  ip_protocol                  = "tcp"
}

resource "aws_vpc_security_group_egress_rule" "private" {
  security_group_id = aws_security_group.this.id
  description       = "Data stores of this network"
  cidr_ipv4         = var.vpc_cidr
  from_port         = 1024
  to_port           = 65535
  ip_protocol       = "tcp"
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
  name              = "/${var.name}/serving"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
}

module "role" {
  source = "../workload-role"

  name                     = var.name
  purpose                  = "serving"
  services                 = ["ecs-tasks.amazonaws.com"]
  kms_key_arn              = var.kms_key_arn
  bucket_arns              = var.bucket_arns
  read_prefixes            = ["features", "models"]
  write_prefixes           = ["monitoring", "predictions"]
  read_table_arns          = var.table_arns
  write_table_arns         = contains(var.service_command, "consume") || length(var.sidecar_command) > 0 ? var.table_arns : [] # Leases on shards.
  secret_arns              = var.secret_arns
  policy_documents         = var.data_policies
  permissions_boundary_arn = var.permissions_boundary_arn
}

module "execution_role" {
  source = "../workload-role"

  name                     = var.name
  purpose                  = "serving-start"
  services                 = ["ecs-tasks.amazonaws.com"]
  kms_key_arn              = var.kms_key_arn
  repository_arns          = var.repository_arns
  log_group_arns           = [aws_cloudwatch_log_group.this.arn]
  permissions_boundary_arn = var.permissions_boundary_arn
}

resource "aws_ecs_cluster" "this" {
  name = var.name

  setting {
    name  = "containerInsights"
    value = "enabled"
  }
}

resource "aws_ecs_task_definition" "this" {
  family                   = var.name
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.cpu * 1024
  memory                   = var.memory_mb
  task_role_arn            = module.role.arn
  execution_role_arn       = module.execution_role.arn

  container_definitions = jsonencode(concat([{
    name                   = "service"
    image                  = var.image
    command                = var.service_command
    essential              = true
    user                   = "10001"
    readonlyRootFilesystem = true
    stopTimeout            = 60
    portMappings           = [{ containerPort = 8080, protocol = "tcp" }]
    environment            = [for key, value in var.settings : { name = key, value = value }]
    linuxParameters        = { initProcessEnabled = true, capabilities = { drop = ["ALL"] } }
    healthCheck = {
      command     = ["CMD", "python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8080/health/live', timeout=2)"]
      interval    = 15
      retries     = 3
      startPeriod = 30
      timeout     = 5
    }
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        "awslogs-group"         = aws_cloudwatch_log_group.this.name
        "awslogs-region"        = data.aws_region.current.region
        "awslogs-stream-prefix" = "service"
      }
    }
  }], local.sidecars))

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = "X86_64"
  }
}

resource "aws_service_discovery_private_dns_namespace" "this" {
  name = "${var.name}.internal"
  vpc  = var.vpc_id
}

resource "aws_service_discovery_service" "this" {
  name = "service"

  dns_config {
    namespace_id = aws_service_discovery_private_dns_namespace.this.id

    dns_records {
      type = "SRV"
      ttl  = 10
    }
  }
}

resource "aws_ecs_service" "this" {
  name                               = "service"
  cluster                            = aws_ecs_cluster.this.id
  task_definition                    = aws_ecs_task_definition.this.arn
  desired_count                      = var.replicas
  launch_type                        = "FARGATE"
  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200
  propagate_tags                     = "SERVICE"
  enable_execute_command             = false
  health_check_grace_period_seconds  = length(var.target_group_arns) > 0 ? 60 : null

  network_configuration {
    subnets          = var.private_subnet_ids
    security_groups  = [aws_security_group.this.id]
    assign_public_ip = false
  }

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  service_registries {
    registry_arn   = aws_service_discovery_service.this.arn
    container_name = "service"
    container_port = 8080
  }

  dynamic "load_balancer" {
    for_each = var.target_group_arns

    content {
      target_group_arn = load_balancer.value
      container_name   = "service"
      container_port   = 8080
    }
  }

  lifecycle {
    # Autoscaling owns the count and continuous delivery the revision after the first apply.
    ignore_changes = [desired_count, task_definition]
  }
}

resource "aws_appautoscaling_target" "this" {
  service_namespace  = "ecs"
  resource_id        = "service/${aws_ecs_cluster.this.name}/${aws_ecs_service.this.name}"
  scalable_dimension = "ecs:service:DesiredCount"
  min_capacity       = var.replicas
  max_capacity       = max(var.replicas, var.max_replicas)
}

resource "aws_appautoscaling_policy" "cpu" {
  name               = "${var.name}-cpu"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.this.service_namespace
  resource_id        = aws_appautoscaling_target.this.resource_id
  scalable_dimension = aws_appautoscaling_target.this.scalable_dimension

  target_tracking_scaling_policy_configuration {
    target_value       = 55
    scale_in_cooldown  = 300
    scale_out_cooldown = 30

    predefined_metric_specification {
      predefined_metric_type = "ECSServiceAverageCPUUtilization"
    }
  }
}

data "aws_iam_policy_document" "start" {
  statement {
    sid       = "RunJobs"
    actions   = ["ecs:DescribeTasks", "ecs:RunTask", "ecs:StopTask"]
    resources = ["${aws_ecs_task_definition.this.arn_without_revision}:*", "${replace(aws_ecs_cluster.this.arn, ":cluster/", ":task/")}/*"]
  }

  statement {
    sid       = "PassServiceRoles"
    actions   = ["iam:PassRole"]
    resources = [module.role.arn, module.execution_role.arn]
  }

  statement {
    sid       = "FollowTasks"
    actions   = ["events:DescribeRule", "events:PutRule", "events:PutTargets"]
    resources = ["arn:aws:events:${data.aws_region.current.region}:${data.aws_caller_identity.current.account_id}:rule/StepFunctionsGetEventsForECSTaskRule"]
  }
}
