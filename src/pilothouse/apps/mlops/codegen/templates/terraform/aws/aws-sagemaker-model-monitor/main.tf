# Model Monitor runs this repository's own drift check on captured or scored data, on a schedule.

data "aws_caller_identity" "current" {}

data "aws_region" "current" {}

data "aws_iam_policy_document" "job" {
  statement {
    sid       = "JobLogs"
    actions   = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    resources = ["arn:aws:logs:${data.aws_region.current.region}:${data.aws_caller_identity.current.account_id}:log-group:/aws/sagemaker/ProcessingJobs*"]
  }

  statement {
    sid       = "JobMetrics"
    actions   = ["cloudwatch:PutMetricData"]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "cloudwatch:namespace"
      values   = [var.name]
    }
  }
}

module "role" {
  source = "../workload-role"

  name                     = var.name
  purpose                  = "drift"
  services                 = ["sagemaker.amazonaws.com"]
  kms_key_arn              = var.kms_key_arn
  bucket_arns              = [var.bucket_arn]
  read_prefixes            = ["features", "models", "monitoring", "predictions"]
  write_prefixes           = ["monitoring"]
  repository_arns          = var.repository_arns
  policy_documents         = [data.aws_iam_policy_document.job.json]
  permissions_boundary_arn = var.permissions_boundary_arn
}

resource "aws_sagemaker_data_quality_job_definition" "this" {
  name     = "${var.name}-drift"
  role_arn = module.role.arn

  data_quality_app_specification {
    image_uri   = var.image
    environment = merge(var.settings, { DEFAULT_COMMAND = "drift" })
  }

  data_quality_job_input {
    dynamic "endpoint_input" {
      for_each = var.endpoint_names

      content {
        endpoint_name = endpoint_input.value
      }
    }

    dynamic "batch_transform_input" {
      for_each = length(var.endpoint_names) == 0 ? [1] : []

      content {
        data_captured_destination_s3_uri = "s3://${var.bucket_name}/monitoring/current"

        dataset_format {
          json {
            line = true
          }
        }
      }
    }
  }

  data_quality_job_output_config {
    kms_key_id = var.kms_key_arn

    monitoring_outputs {
      s3_output {
        s3_uri = "s3://${var.bucket_name}/monitoring/reports"
      }
    }
  }

  job_resources {
    cluster_config {
      instance_type     = var.instance
      instance_count    = 1
      volume_size_in_gb = 20
      volume_kms_key_id = var.kms_key_arn
    }
  }

  stopping_condition {
    max_runtime_in_seconds = 3000
  }
}

resource "aws_sagemaker_monitoring_schedule" "this" {
  name = "${var.name}-drift"

  monitoring_schedule_config {
    monitoring_job_definition_name = aws_sagemaker_data_quality_job_definition.this.name
    monitoring_type                = "DataQuality"

    schedule_config {
      schedule_expression = var.drift_schedule
    }
  }
}
