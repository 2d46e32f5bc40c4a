# Features for training (offline, in the bucket) and for serving (online), written once.

module "role" {
  source = "../workload-role"

  name                     = var.name
  purpose                  = "feature-store"
  services                 = ["sagemaker.amazonaws.com"]
  kms_key_arn              = var.kms_key_arn
  bucket_arns              = [var.bucket_arn]
  read_prefixes            = ["features"]
  write_prefixes           = ["features"]
  permissions_boundary_arn = var.permissions_boundary_arn
}

resource "aws_sagemaker_feature_group" "this" {
  feature_group_name             = "${var.name}-features"
  description                    = "Features by entity, as declared in the data contract"
  record_identifier_feature_name = "entity_id"
  event_time_feature_name        = "event_time"
  role_arn                       = module.role.arn

  dynamic "feature_definition" {
    for_each = var.features

    content {
      feature_name = feature_definition.key
      feature_type = feature_definition.value
    }
  }

  online_store_config {
    enable_online_store = true

    security_config {
      kms_key_id = var.kms_key_arn
    }

    ttl_duration {
      unit  = "Days"
      value = min(var.retention_days, 365)
    }
  }

  offline_store_config {
    s3_storage_config {
      s3_uri     = "s3://${var.bucket_name}/features"
      kms_key_id = var.kms_key_arn
    }
  }
}

data "aws_iam_policy_document" "access" {
  statement {
    sid       = "ReadAndWriteFeatures"
    actions   = ["sagemaker:BatchGetRecord", "sagemaker:DescribeFeatureGroup", "sagemaker:GetRecord", "sagemaker:PutRecord"]
    resources = [aws_sagemaker_feature_group.this.arn]
  }
}
