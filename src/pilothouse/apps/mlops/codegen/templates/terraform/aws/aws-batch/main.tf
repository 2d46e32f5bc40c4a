# Training on EC2 capacity that scales from zero to what one job needs.

resource "aws_security_group" "this" {
  name        = "${var.name}-batch"
  description = "Batch jobs"
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

data "aws_iam_policy_document" "ec2_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "instance" {
  name                 = "${var.name}-batch-instance"
  assume_role_policy   = data.aws_iam_policy_document.ec2_trust.json
  permissions_boundary = var.permissions_boundary_arn
}

resource "aws_iam_role_policy_attachment" "instance" {
  role       = aws_iam_role.instance.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AmazonEC2ContainerServiceforEC2Role"
}

resource "aws_iam_instance_profile" "this" {
  name = "${var.name}-batch"
  role = aws_iam_role.instance.name
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/${var.name}/batch"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
}

module "role" {
  source = "../workload-role"

  name                     = var.name
  purpose                  = "batch-job"
  services                 = ["ecs-tasks.amazonaws.com"]
  kms_key_arn              = var.kms_key_arn
  bucket_arns              = var.bucket_arns
  read_prefixes            = ["raw", "features", "models"]
  write_prefixes           = ["features", "models", "monitoring", "predictions"]
  read_table_arns          = var.table_arns
  write_table_arns         = var.table_arns
  secret_arns              = var.secret_arns
  policy_documents         = var.data_policies
  permissions_boundary_arn = var.permissions_boundary_arn
}

module "execution_role" {
  source = "../workload-role"

  name                     = var.name
  purpose                  = "batch-start"
  services                 = ["ecs-tasks.amazonaws.com"]
  kms_key_arn              = var.kms_key_arn
  repository_arns          = var.repository_arns
  log_group_arns           = [aws_cloudwatch_log_group.this.arn]
  permissions_boundary_arn = var.permissions_boundary_arn
}

resource "aws_launch_template" "this" {
  name_prefix = "${var.name}-batch-"

  metadata_options {
    http_tokens   = "required"
    http_endpoint = "enabled"
  }

  block_device_mappings {
    device_name = "/dev/xvda"

    ebs {
      volume_size = max(30, var.storage_gb)
      volume_type = "gp3"
      encrypted   = true
    }
  }
}

resource "aws_batch_compute_environment" "this" {
  name_prefix = "${var.name}-"
  type        = "MANAGED"

  compute_resources {
    type                = var.gpu > 0 ? "EC2" : "SPOT"
    allocation_strategy = var.gpu > 0 ? "BEST_FIT_PROGRESSIVE" : "SPOT_CAPACITY_OPTIMIZED"
    min_vcpus           = 0
    max_vcpus           = 64
    instance_type       = [var.instance]
    instance_role       = aws_iam_instance_profile.this.arn
    security_group_ids  = [aws_security_group.this.id]
    subnets             = var.private_subnet_ids

    launch_template {
      launch_template_id = aws_launch_template.this.id
      version            = "$Latest"
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_batch_job_queue" "this" {
  name     = var.name
  state    = "ENABLED"
  priority = 1

  compute_environment_order {
    order               = 1
    compute_environment = aws_batch_compute_environment.this.arn
  }
}

resource "aws_batch_job_definition" "this" {
  name = "${var.name}-train"
  type = "container"

  container_properties = jsonencode({
    image            = var.image
    command          = ["train"]
    jobRoleArn       = module.role.arn
    executionRoleArn = module.execution_role.arn
    environment      = [for key, value in var.settings : { name = key, value = value }]
    user             = "10001"
    resourceRequirements = concat(
      [
        { type = "VCPU", value = tostring(var.cpu) },
        { type = "MEMORY", value = tostring(var.memory_mb) },
      ],
      var.gpu > 0 ? [{ type = "GPU", value = tostring(var.gpu) }] : [],
    )
    logConfiguration = {
      logDriver = "awslogs"
      options   = { "awslogs-group" = aws_cloudwatch_log_group.this.name }
    }
  })

  retry_strategy {
    attempts = 2
  }

  timeout {
    attempt_duration_seconds = 21600
  }
}

data "aws_iam_policy_document" "start" {
  statement {
    sid       = "SubmitJob"
    actions   = ["batch:SubmitJob"]
    resources = [aws_batch_job_queue.this.arn, aws_batch_job_definition.this.arn, "${aws_batch_job_definition.this.arn_prefix}:*"]
  }

  statement {
    sid       = "FollowJob"
    actions   = ["batch:DescribeJobs"] # AWS knows no narrower resource for it.
    resources = ["*"]
  }
}
