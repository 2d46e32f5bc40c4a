# Valkey for hot features and answers; TLS, and IAM instead of a password.

data "aws_caller_identity" "current" {}

data "aws_region" "current" {}

locals {
  group = substr(var.name, 0, 40)
  user  = "${local.group}-service"
}

resource "aws_security_group" "this" {
  name        = "${var.name}-cache"
  description = "Valkey"
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_ingress_rule" "clients" {
  count = length(var.client_security_group_ids)

  security_group_id            = aws_security_group.this.id
  description                  = "Valkey over TLS"
  referenced_security_group_id = var.client_security_group_ids[count.index]
  from_port                    = 6379
  to_port                      = 6379
  ip_protocol                  = "tcp"
}

resource "aws_elasticache_subnet_group" "this" {
  name       = "${var.name}-cache"
  subnet_ids = var.private_subnet_ids
}

resource "aws_elasticache_user" "service" {
  user_id       = local.user
  user_name     = local.user
  engine        = "valkey"
  access_string = "on ~* -@all +@read +@write +@connection"

  authentication_mode {
    type = "iam"
  }
}

resource "aws_elasticache_user_group" "this" {
  user_group_id = local.group
  engine        = "valkey"
  user_ids      = [aws_elasticache_user.service.user_id]
}

resource "aws_elasticache_replication_group" "this" {
  replication_group_id       = local.group
  description                = "Cache of ${var.name}"
  engine                     = "valkey"
  engine_version             = "8.0"
  node_type                  = var.instance
  num_cache_clusters         = max(var.nodes, var.high_availability ? 2 : 1)
  automatic_failover_enabled = var.high_availability || var.nodes > 1
  multi_az_enabled           = var.high_availability || var.nodes > 1
  subnet_group_name          = aws_elasticache_subnet_group.this.name
  security_group_ids         = [aws_security_group.this.id]
  user_group_ids             = [aws_elasticache_user_group.this.user_group_id]
  at_rest_encryption_enabled = true
  transit_encryption_enabled = true
  kms_key_id                 = var.kms_key_arn
  snapshot_retention_limit   = 1
  auto_minor_version_upgrade = true
}

data "aws_iam_policy_document" "access" {
  statement {
    sid     = "ConnectToCache"
    actions = ["elasticache:Connect"]
    resources = [
      aws_elasticache_replication_group.this.arn,
      "arn:aws:elasticache:${data.aws_region.current.region}:${data.aws_caller_identity.current.account_id}:user:${local.user}",
    ]
  }
}
