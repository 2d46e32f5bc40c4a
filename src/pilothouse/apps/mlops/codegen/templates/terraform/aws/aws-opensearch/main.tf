# Vector and text search inside the VPC; only the roles of this system may call it.

data "aws_caller_identity" "current" {}

data "aws_region" "current" {}

locals {
  domain     = substr("${var.name}-search", 0, 28)
  domain_arn = "arn:aws:es:${data.aws_region.current.region}:${data.aws_caller_identity.current.account_id}:domain/${local.domain}"
  subnets    = var.nodes > 1 ? slice(var.private_subnet_ids, 0, min(var.nodes, length(var.private_subnet_ids))) : slice(var.private_subnet_ids, 0, 1)
}

resource "aws_security_group" "this" {
  name        = "${var.name}-search"
  description = "OpenSearch"
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_ingress_rule" "clients" {
  count = length(var.client_security_group_ids)

  security_group_id            = aws_security_group.this.id
  description                  = "HTTPS"
  referenced_security_group_id = var.client_security_group_ids[count.index]
  from_port                    = 443
  to_port                      = 443
  ip_protocol                  = "tcp"
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/${var.name}/search"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
}

data "aws_iam_policy_document" "logs" {
  statement {
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.this.arn}:*"]

    principals {
      type        = "Service"
      identifiers = ["es.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }
}

resource "aws_cloudwatch_log_resource_policy" "this" {
  policy_name     = "${var.name}-search"
  policy_document = data.aws_iam_policy_document.logs.json
}

data "aws_iam_policy_document" "domain" {
  statement {
    sid       = "AccountRolesOnly"
    actions   = ["es:ESHttpDelete", "es:ESHttpGet", "es:ESHttpHead", "es:ESHttpPost", "es:ESHttpPut"]
    resources = ["${local.domain_arn}/*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::${data.aws_caller_identity.current.account_id}:root"]
    }
  }
}

resource "aws_opensearch_domain" "this" {
  domain_name     = local.domain
  engine_version  = "OpenSearch_2.19"
  access_policies = data.aws_iam_policy_document.domain.json

  cluster_config {
    instance_type          = var.instance
    instance_count         = var.nodes
    zone_awareness_enabled = length(local.subnets) > 1

    dynamic "zone_awareness_config" {
      for_each = length(local.subnets) > 1 ? [1] : []

      content {
        availability_zone_count = length(local.subnets)
      }
    }
  }

  ebs_options {
    ebs_enabled = true
    volume_type = "gp3"
    volume_size = max(10, var.storage_gb)
  }

  encrypt_at_rest {
    enabled    = true
    kms_key_id = var.kms_key_arn
  }

  node_to_node_encryption {
    enabled = true
  }

  domain_endpoint_options {
    enforce_https       = true
    tls_security_policy = "Policy-Min-TLS-1-2-PFS-2023-10"
  }

  vpc_options {
    subnet_ids         = local.subnets
    security_group_ids = [aws_security_group.this.id]
  }

  log_publishing_options {
    log_type                 = "ES_APPLICATION_LOGS"
    cloudwatch_log_group_arn = aws_cloudwatch_log_group.this.arn
  }

  depends_on = [aws_cloudwatch_log_resource_policy.this]
}

data "aws_iam_policy_document" "access" {
  statement {
    sid       = "SearchAndIndex"
    actions   = ["es:ESHttpGet", "es:ESHttpHead", "es:ESHttpPost", "es:ESHttpPut"]
    resources = ["${aws_opensearch_domain.this.arn}/*"]
  }
}
