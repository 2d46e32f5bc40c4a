# The service as a function from the same image; the Lambda Web Adapter turns events into HTTP.

resource "aws_security_group" "this" {
  name        = "${var.name}-serving"
  description = "Inference function"
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

resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/lambda/${var.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
}

data "aws_iam_policy_document" "network" {
  # EC2 has no narrower resource for the interfaces of a function.
  statement {
    sid = "FunctionNetwork"
    actions = [
      "ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface",
      "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses",
    ]
    resources = ["*"]
  }
}

module "role" {
  source = "../workload-role"

  name                     = var.name
  purpose                  = "serving"
  services                 = ["lambda.amazonaws.com"]
  kms_key_arn              = var.kms_key_arn
  bucket_arns              = var.bucket_arns
  read_prefixes            = ["features", "models"]
  write_prefixes           = ["monitoring", "predictions"]
  read_table_arns          = var.table_arns
  secret_arns              = var.secret_arns
  log_group_arns           = [aws_cloudwatch_log_group.this.arn]
  policy_documents         = concat([data.aws_iam_policy_document.network.json], var.data_policies)
  permissions_boundary_arn = var.permissions_boundary_arn
}

resource "aws_lambda_function" "this" {
  function_name = var.name
  role          = module.role.arn
  package_type  = "Image"
  image_uri     = var.image
  memory_size   = max(128, var.memory_mb)
  timeout       = 30
  publish       = true
  kms_key_arn   = var.kms_key_arn

  image_config {
    command = var.service_command
  }

  environment {
    variables = merge(var.settings, { AWS_LWA_PORT = "8080", AWS_LWA_READINESS_CHECK_PATH = "/health/live" })
  }

  vpc_config {
    subnet_ids         = var.private_subnet_ids
    security_group_ids = [aws_security_group.this.id]
  }

  tracing_config {
    mode = "Active"
  }

  lifecycle {
    ignore_changes = [image_uri] # Continuous delivery owns it after the first apply.
  }

  depends_on = [aws_cloudwatch_log_group.this]
}

resource "aws_lambda_alias" "live" {
  name             = "live"
  function_name    = aws_lambda_function.this.function_name
  function_version = aws_lambda_function.this.version

  lifecycle {
    ignore_changes = [function_version] # Continuous delivery moves it.
  }
}

# Streams are read by Lambda itself; failed records of a batch are retried alone and then set aside.
resource "aws_sqs_queue" "failed" {
  count = length(var.stream_arns)

  name                      = "${var.name}-failed-events"
  kms_master_key_id         = var.kms_key_arn
  message_retention_seconds = 1209600
}

data "aws_iam_policy_document" "failed" {
  count = length(var.stream_arns)

  statement {
    sid       = "SetFailedEventsAside"
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.failed[count.index].arn]
  }
}

resource "aws_iam_role_policy" "failed" {
  count = length(var.stream_arns)

  name   = "set-failed-events-aside"
  role   = module.role.name
  policy = data.aws_iam_policy_document.failed[count.index].json
}

resource "aws_lambda_event_source_mapping" "this" {
  count = length(var.stream_arns)

  event_source_arn                   = var.stream_arns[count.index]
  function_name                      = aws_lambda_alias.live.arn
  starting_position                  = "TRIM_HORIZON"
  topics                             = length(var.stream_topics) > 0 ? var.stream_topics : null
  batch_size                         = 100
  maximum_batching_window_in_seconds = 1
  function_response_types            = ["ReportBatchItemFailures"]

  destination_config {
    on_failure {
      destination_arn = aws_sqs_queue.failed[count.index].arn
    }
  }
}

# Kept warm, because a cold start alone can cost more than the latency target.
resource "aws_lambda_provisioned_concurrency_config" "this" {
  count = var.replicas > 0 ? 1 : 0

  function_name                     = aws_lambda_function.this.function_name
  qualifier                         = aws_lambda_alias.live.name
  provisioned_concurrent_executions = var.replicas
}

# Jobs that the orchestrator starts: the same image and role, with time to finish.
resource "aws_lambda_function" "job" {
  for_each = toset(var.jobs)

  function_name = "${var.name}-${each.key}"
  role          = module.role.arn
  package_type  = "Image"
  image_uri     = var.image
  memory_size   = max(512, var.memory_mb)
  timeout       = 900
  kms_key_arn   = var.kms_key_arn

  image_config {
    command = var.service_command
  }

  environment {
    variables = merge(var.settings, { AWS_LWA_PORT = "8080", AWS_LWA_READINESS_CHECK_PATH = "/health/live" })
  }

  vpc_config {
    subnet_ids         = var.private_subnet_ids
    security_group_ids = [aws_security_group.this.id]
  }

  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.this.name
  }

  lifecycle {
    ignore_changes = [image_uri] # Continuous delivery owns it after the first apply.
  }
}

data "aws_iam_policy_document" "start" {
  count = length(var.jobs) > 0 ? 1 : 0

  statement {
    sid       = "InvokeJobs"
    actions   = ["lambda:InvokeFunction"]
    resources = [for job in aws_lambda_function.job : job.arn]
  }
}
