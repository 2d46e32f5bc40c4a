# A role for one workload, with exactly the data it reads and writes.

data "aws_caller_identity" "current" {}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = var.services
    }

    # A service may act for this account only (the confused deputy problem).
    condition {
      test     = "StringEqualsIfExists"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }
}

data "aws_iam_policy_document" "data" {
  statement {
    sid       = "UseKey"
    actions   = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"]
    resources = [var.kms_key_arn]
  }

  dynamic "statement" {
    for_each = length(var.bucket_arns) > 0 ? [1] : []

    content {
      sid       = "ListBuckets"
      actions   = ["s3:GetBucketLocation", "s3:ListBucket"]
      resources = var.bucket_arns
    }
  }

  dynamic "statement" {
    for_each = length(var.bucket_arns) > 0 && length(var.read_prefixes) > 0 ? [1] : []

    content {
      sid       = "ReadObjects"
      actions   = ["s3:GetObject", "s3:GetObjectVersion"]
      resources = [for pair in setproduct(var.bucket_arns, var.read_prefixes) : "${pair[0]}/${pair[1]}/*"]
    }
  }

  dynamic "statement" {
    for_each = length(var.bucket_arns) > 0 && length(var.write_prefixes) > 0 ? [1] : []

    content {
      sid       = "WriteObjects"
      actions   = ["s3:AbortMultipartUpload", "s3:PutObject"]
      resources = [for pair in setproduct(var.bucket_arns, var.write_prefixes) : "${pair[0]}/${pair[1]}/*"]
    }
  }

  dynamic "statement" {
    for_each = length(var.read_table_arns) > 0 ? [1] : []

    content {
      sid       = "ReadFeatures"
      actions   = ["dynamodb:BatchGetItem", "dynamodb:DescribeTable", "dynamodb:GetItem", "dynamodb:Query"]
      resources = var.read_table_arns
    }
  }

  dynamic "statement" {
    for_each = length(var.write_table_arns) > 0 ? [1] : []

    content {
      sid       = "WriteFeatures"
      actions   = ["dynamodb:BatchWriteItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]
      resources = var.write_table_arns
    }
  }

  dynamic "statement" {
    for_each = length(var.secret_arns) > 0 ? [1] : []

    content {
      sid       = "ReadSecrets"
      actions   = ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"]
      resources = var.secret_arns
    }
  }

  dynamic "statement" {
    for_each = length(var.repository_arns) > 0 ? [1] : []

    content {
      sid       = "PullImage"
      actions   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
      resources = var.repository_arns
    }
  }

  dynamic "statement" {
    for_each = length(var.repository_arns) > 0 ? [1] : []

    content {
      sid       = "LogInToRegistry"
      actions   = ["ecr:GetAuthorizationToken"] # AWS knows no narrower resource for it.
      resources = ["*"]
    }
  }

  dynamic "statement" {
    for_each = length(var.log_group_arns) > 0 ? [1] : []

    content {
      sid       = "WriteLogs"
      actions   = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
      resources = [for arn in var.log_group_arns : "${arn}:*"]
    }
  }
}

data "aws_iam_policy_document" "this" {
  source_policy_documents = concat([data.aws_iam_policy_document.data.json], var.policy_documents)
}

resource "aws_iam_role" "this" {
  name                 = substr("${var.name}-${var.purpose}", 0, 64)
  description          = "Used by ${var.purpose} of ${var.name}"
  assume_role_policy   = var.trust_policy != null ? var.trust_policy : data.aws_iam_policy_document.trust.json
  permissions_boundary = var.permissions_boundary_arn
}

resource "aws_iam_role_policy" "this" {
  name   = "least-privilege"
  role   = aws_iam_role.this.id
  policy = data.aws_iam_policy_document.this.json
}
