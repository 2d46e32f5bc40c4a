# Devices get short-lived credentials for their X.509 certificate: they read models and write reports, nothing else.

resource "aws_rolesanywhere_trust_anchor" "this" {
  name    = "${var.name}-devices"
  enabled = true

  source {
    source_type = "CERTIFICATE_BUNDLE"

    source_data {
      x509_certificate_data = var.device_ca_pem
    }
  }
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"]

    principals {
      type        = "Service"
      identifiers = ["rolesanywhere.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [aws_rolesanywhere_trust_anchor.this.arn]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:PrincipalTag/x509Subject/O"
      values   = [var.name]
    }
  }
}

module "role" {
  source = "../workload-role"

  name                     = var.name
  purpose                  = "device"
  services                 = ["rolesanywhere.amazonaws.com"]
  trust_policy             = data.aws_iam_policy_document.trust.json
  kms_key_arn              = var.kms_key_arn
  bucket_arns              = var.bucket_arns
  read_prefixes            = ["models"]
  write_prefixes           = ["monitoring", "raw"]
  policy_documents         = var.producer_policies
  permissions_boundary_arn = var.permissions_boundary_arn
}

resource "aws_rolesanywhere_profile" "this" {
  name             = "${var.name}-devices"
  enabled          = true
  role_arns        = [module.role.arn]
  duration_seconds = 3600
}
