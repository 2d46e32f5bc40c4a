# Secrets are made here and filled outside Terraform, so that no value enters its state.

data "aws_caller_identity" "current" {}

resource "aws_secretsmanager_secret" "this" {
  for_each = toset(["api-keys"])

  name                    = "${var.name}/${each.key}"
  description             = "Set with: aws secretsmanager put-secret-value --secret-id ${var.name}/${each.key}"
  kms_key_id              = var.kms_key_arn
  recovery_window_in_days = var.deletion_protection ? 30 : 7
}

data "aws_iam_policy_document" "own_account" {
  for_each = aws_secretsmanager_secret.this

  statement {
    sid       = "DenyOtherAccounts"
    effect    = "Deny"
    actions   = ["secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"]
    resources = [each.value.arn]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "StringNotEquals"
      variable = "aws:PrincipalAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }
}

resource "aws_secretsmanager_secret_policy" "this" {
  for_each = aws_secretsmanager_secret.this

  secret_arn          = each.value.arn
  policy              = data.aws_iam_policy_document.own_account[each.key].json
  block_public_policy = true
}
