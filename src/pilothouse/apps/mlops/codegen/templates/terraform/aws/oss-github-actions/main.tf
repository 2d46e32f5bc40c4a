# GitHub's workflows get short-lived credentials by OpenID Connect: no key is stored anywhere.

resource "aws_iam_openid_connect_provider" "github" {
  url            = "https://token.actions.githubusercontent.com"
  client_id_list = ["sts.amazonaws.com"]
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [aws_iam_openid_connect_provider.github.arn]
    }

    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:aud"
      values   = ["sts.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:sub"
      values   = ["repo:${var.github_repository}:environment:production"]
    }
  }
}

data "aws_iam_policy_document" "deploy" {
  statement {
    sid       = "LogInToRegistry"
    actions   = ["ecr:GetAuthorizationToken"] # AWS knows no narrower resource for it.
    resources = ["*"]
  }

  dynamic "statement" {
    for_each = length(var.repository_arns) > 0 ? [1] : []

    content {
      sid = "PushImage"
      actions = [
        "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:CompleteLayerUpload", "ecr:DescribeImages",
        "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart",
      ]
      resources = var.repository_arns
    }
  }

  dynamic "statement" {
    for_each = length(var.bucket_arns) > 0 ? [1] : []

    content {
      sid       = "PublishJobs"
      actions   = ["s3:PutObject"]
      resources = flatten([for arn in var.bucket_arns : ["${arn}/dags/*", "${arn}/jobs/*"]])
    }
  }

  dynamic "statement" {
    for_each = length(var.deployment_arns) > 0 ? [1] : []

    content {
      sid = "RollOut"
      actions = [
        "ecs:DescribeServices", "ecs:UpdateService", "eks:DescribeCluster", "lambda:GetFunction",
        "lambda:UpdateAlias", "lambda:UpdateFunctionCode", "sagemaker:DescribeEndpoint", "sagemaker:UpdateEndpoint",
      ]
      resources = var.deployment_arns
    }
  }

  dynamic "statement" {
    for_each = length(var.deployment_arns) > 0 ? [1] : []

    content {
      sid       = "MakeRevisions"
      actions   = ["ecs:DescribeTaskDefinition", "ecs:RegisterTaskDefinition"] # AWS knows no narrower resource.
      resources = ["*"]
    }
  }

  dynamic "statement" {
    for_each = length(var.role_arns) > 0 ? [1] : []

    content {
      sid       = "PassServiceRoles"
      actions   = ["iam:PassRole"]
      resources = var.role_arns
    }
  }
}

resource "aws_iam_role" "deploy" {
  name                 = "${var.name}-deploy"
  description          = "Continuous delivery of ${var.github_repository}"
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  permissions_boundary = var.permissions_boundary_arn
}

resource "aws_iam_role_policy" "deploy" {
  name   = "deploy"
  role   = aws_iam_role.deploy.id
  policy = data.aws_iam_policy_document.deploy.json
}
