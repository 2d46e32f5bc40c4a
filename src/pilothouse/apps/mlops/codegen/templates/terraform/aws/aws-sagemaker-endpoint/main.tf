# A SageMaker endpoint serves the same image; its requests and answers are captured for the drift check.

data "aws_caller_identity" "current" {}

data "aws_region" "current" {}

resource "aws_security_group" "this" {
  name        = "${var.name}-serving"
  description = "SageMaker endpoint"
  vpc_id      = var.vpc_id
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

data "aws_iam_policy_document" "endpoint" {
  statement {
    sid       = "EndpointLogs"
    actions   = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    resources = ["arn:aws:logs:${data.aws_region.current.region}:${data.aws_caller_identity.current.account_id}:log-group:/aws/sagemaker/Endpoints/*"]
  }

  # EC2 has no narrower resource for the interfaces of an endpoint.
  statement {
    sid = "EndpointNetwork"
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
  purpose                  = "serving"
  services                 = ["sagemaker.amazonaws.com"]
  kms_key_arn              = var.kms_key_arn
  bucket_arns              = var.bucket_arns
  read_prefixes            = ["features", "models"]
  write_prefixes           = ["monitoring", "predictions"]
  read_table_arns          = var.table_arns
  secret_arns              = var.secret_arns
  repository_arns          = var.repository_arns
  policy_documents         = concat([data.aws_iam_policy_document.endpoint.json], var.data_policies)
  permissions_boundary_arn = var.permissions_boundary_arn
}

resource "aws_sagemaker_model" "this" {
  name                     = "${var.name}-${substr(sha256(var.image), 0, 8)}"
  execution_role_arn       = module.role.arn
  enable_network_isolation = false

  primary_container {
    image       = var.image
    environment = var.settings
  }

  vpc_config {
    subnets            = var.private_subnet_ids
    security_group_ids = [aws_security_group.this.id]
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_sagemaker_endpoint_configuration" "this" {
  name_prefix = substr("${var.name}-", 0, 36)
  kms_key_arn = var.kms_key_arn

  production_variants {
    variant_name           = "champion"
    model_name             = aws_sagemaker_model.this.name
    instance_type          = var.instance
    initial_instance_count = var.replicas
    initial_variant_weight = 1
  }

  data_capture_config {
    enable_capture              = true
    initial_sampling_percentage = 10
    destination_s3_uri          = "s3://${var.bucket_name}/monitoring/capture"
    kms_key_id                  = var.kms_key_arn

    capture_options {
      capture_mode = "InputAndOutput"
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_sagemaker_endpoint" "this" {
  name                 = var.name
  endpoint_config_name = aws_sagemaker_endpoint_configuration.this.name

  deployment_config {
    blue_green_update_policy {
      termination_wait_in_seconds          = 300
      maximum_execution_timeout_in_seconds = 3600

      traffic_routing_configuration {
        type                     = "CANARY"
        wait_interval_in_seconds = 300

        canary_size {
          type  = "CAPACITY_PERCENT"
          value = 50
        }
      }
    }

    auto_rollback_configuration {
      alarms {
        alarm_name = aws_cloudwatch_metric_alarm.errors.alarm_name
      }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "errors" {
  alarm_name          = "${var.name}-endpoint-errors"
  alarm_description   = "The endpoint answers with server errors; a deployment rolls back."
  namespace           = "AWS/SageMaker"
  metric_name         = "Invocation5XXErrors"
  dimensions          = { EndpointName = var.name, VariantName = "champion" }
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 2
  threshold           = 5
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
}

resource "aws_appautoscaling_target" "this" {
  service_namespace  = "sagemaker"
  resource_id        = "endpoint/${aws_sagemaker_endpoint.this.name}/variant/champion"
  scalable_dimension = "sagemaker:variant:DesiredInstanceCount"
  min_capacity       = var.replicas
  max_capacity       = max(var.replicas, var.max_replicas)
}

resource "aws_appautoscaling_policy" "this" {
  name               = "${var.name}-invocations"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.this.service_namespace
  resource_id        = aws_appautoscaling_target.this.resource_id
  scalable_dimension = aws_appautoscaling_target.this.scalable_dimension

  target_tracking_scaling_policy_configuration {
    target_value       = 3000
    scale_in_cooldown  = 300
    scale_out_cooldown = 60

    predefined_metric_specification {
      predefined_metric_type = "SageMakerVariantInvocationsPerInstance"
    }
  }
}

# A function from the same image lets a gateway reach the endpoint, whose own API wants signed requests.
data "aws_iam_policy_document" "invoke" {
  statement {
    sid       = "InvokeEndpoint"
    actions   = ["sagemaker:InvokeEndpoint"]
    resources = [aws_sagemaker_endpoint.this.arn]
  }
}

resource "aws_cloudwatch_log_group" "invoker" {
  name              = "/aws/lambda/${var.name}-invoker"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
}

module "invoker_role" {
  source = "../workload-role"

  name                     = var.name
  purpose                  = "invoker"
  services                 = ["lambda.amazonaws.com"]
  kms_key_arn              = var.kms_key_arn
  log_group_arns           = [aws_cloudwatch_log_group.invoker.arn]
  policy_documents         = [data.aws_iam_policy_document.invoke.json]
  permissions_boundary_arn = var.permissions_boundary_arn
}

resource "aws_lambda_function" "invoker" {
  function_name = "${var.name}-invoker"
  role          = module.invoker_role.arn
  package_type  = "Image"
  image_uri     = var.image
  memory_size   = 512
  timeout       = 30
  kms_key_arn   = var.kms_key_arn

  image_config {
    command = ["invoke-endpoint"]
  }

  environment {
    variables = {
      SAGEMAKER_ENDPOINT           = aws_sagemaker_endpoint.this.name
      AWS_LWA_PORT                 = "8080"
      AWS_LWA_READINESS_CHECK_PATH = "/health/live"
    }
  }

  depends_on = [aws_cloudwatch_log_group.invoker]
}
