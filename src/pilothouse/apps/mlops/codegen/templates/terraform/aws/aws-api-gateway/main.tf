# HTTP API in front of a function or, through a VPC link, a private service; callers bring a JWT.

locals {
  function_arn = one(var.function_arns)
  service_arn  = one(var.discovery_service_arns)
}

resource "aws_security_group" "link" {
  name        = "${var.name}-gateway"
  description = "VPC link of the API"
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_egress_rule" "service" {
  security_group_id = aws_security_group.link.id
  description       = "The service"
  cidr_ipv4         = var.vpc_cidr
  from_port         = 8080
  to_port           = 8080
  ip_protocol       = "tcp"
}

resource "aws_apigatewayv2_api" "this" {
  name                         = var.name
  protocol_type                = "HTTP"
  description                  = "Public entry of ${var.name}"
  disable_execute_api_endpoint = false
}

resource "aws_apigatewayv2_vpc_link" "this" {
  count = length(var.discovery_service_arns)

  name               = var.name
  security_group_ids = [aws_security_group.link.id]
  subnet_ids         = var.private_subnet_ids
}

resource "aws_apigatewayv2_integration" "this" {
  api_id                 = aws_apigatewayv2_api.this.id
  integration_type       = local.function_arn != null ? "AWS_PROXY" : "HTTP_PROXY"
  integration_method     = local.function_arn != null ? "POST" : "ANY"
  integration_uri        = local.function_arn != null ? local.function_arn : local.service_arn
  connection_type        = local.function_arn != null ? "INTERNET" : "VPC_LINK"
  connection_id          = local.function_arn != null ? null : one(aws_apigatewayv2_vpc_link.this[*].id)
  payload_format_version = local.function_arn != null ? "2.0" : "1.0"
  timeout_milliseconds   = 29000
}

resource "aws_lambda_permission" "this" {
  count = length(var.function_arns)

  statement_id  = "AllowApi"
  action        = "lambda:InvokeFunction"
  function_name = var.function_arns[count.index]
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.this.execution_arn}/*/*"
}

resource "aws_apigatewayv2_authorizer" "jwt" {
  api_id           = aws_apigatewayv2_api.this.id
  name             = "jwt"
  authorizer_type  = "JWT"
  identity_sources = ["$request.header.Authorization"]

  jwt_configuration {
    issuer   = var.token_issuer
    audience = [var.name]
  }
}

resource "aws_apigatewayv2_route" "api" {
  api_id             = aws_apigatewayv2_api.this.id
  route_key          = "ANY /v1/{proxy+}"
  target             = "integrations/${aws_apigatewayv2_integration.this.id}"
  authorization_type = "JWT"
  authorizer_id      = aws_apigatewayv2_authorizer.jwt.id
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/${var.name}/gateway"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
}

resource "aws_apigatewayv2_stage" "this" {
  api_id      = aws_apigatewayv2_api.this.id
  name        = "$default"
  auto_deploy = true

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.this.arn
    format = jsonencode({
      time    = "$context.requestTime"
      id      = "$context.requestId"
      route   = "$context.routeKey"
      status  = "$context.status"
      latency = "$context.responseLatency"
    })
  }

  default_route_settings {
    detailed_metrics_enabled = true
    throttling_burst_limit   = max(10, ceil(var.peak_rps * 2))
    throttling_rate_limit    = max(10, ceil(var.peak_rps * 2))
  }
}

resource "aws_cloudwatch_metric_alarm" "latency" {
  alarm_name          = "${var.name}-gateway-latency"
  alarm_description   = "Latency is over the target of ${var.latency_slo_ms} ms; see docs/runbook.md."
  namespace           = "AWS/ApiGateway"
  metric_name         = "Latency"
  dimensions          = { ApiId = aws_apigatewayv2_api.this.id }
  extended_statistic  = "p${var.latency_percentile}"
  period              = 60
  evaluation_periods  = 5
  datapoints_to_alarm = 3
  threshold           = var.latency_slo_ms
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
}
