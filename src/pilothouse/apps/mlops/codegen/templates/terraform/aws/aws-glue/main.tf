# Raw files become feature tables here, on a schedule.

resource "aws_glue_catalog_database" "this" {
  name = replace("${var.name}_features", "-", "_")
}

resource "aws_glue_security_configuration" "this" {
  name = var.name

  encryption_configuration {
    cloudwatch_encryption {
      cloudwatch_encryption_mode = "SSE-KMS"
      kms_key_arn                = var.kms_key_arn
    }

    job_bookmarks_encryption {
      job_bookmarks_encryption_mode = "CSE-KMS"
      kms_key_arn                   = var.kms_key_arn
    }

    s3_encryption {
      s3_encryption_mode = "SSE-KMS"
      kms_key_arn        = var.kms_key_arn
    }
  }
}

data "aws_caller_identity" "current" {}

data "aws_region" "current" {}

data "aws_iam_policy_document" "glue" {
  statement {
    sid     = "Catalog"
    actions = ["glue:GetDatabase", "glue:GetTable", "glue:CreateTable", "glue:UpdateTable", "glue:BatchCreatePartition"]
    resources = [
      "arn:aws:glue:${data.aws_region.current.region}:${data.aws_caller_identity.current.account_id}:catalog",
      aws_glue_catalog_database.this.arn,
      "arn:aws:glue:${data.aws_region.current.region}:${data.aws_caller_identity.current.account_id}:table/${aws_glue_catalog_database.this.name}/*",
    ]
  }

  statement {
    sid       = "Logs"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["arn:aws:logs:${data.aws_region.current.region}:${data.aws_caller_identity.current.account_id}:log-group:/aws-glue/*"]
  }
}

module "role" {
  source = "../workload-role"

  name                     = var.name
  purpose                  = "glue"
  services                 = ["glue.amazonaws.com"]
  kms_key_arn              = var.kms_key_arn
  bucket_arns              = [var.bucket_arn]
  read_prefixes            = ["raw", "jobs"]
  write_prefixes           = ["features", "tmp"]
  policy_documents         = [data.aws_iam_policy_document.glue.json]
  permissions_boundary_arn = var.permissions_boundary_arn
}

resource "aws_glue_job" "features" {
  name                   = "${var.name}-features"
  description            = "Validates raw rows and writes features"
  role_arn               = module.role.arn
  glue_version           = "5.0"
  worker_type            = var.instance
  number_of_workers      = var.nodes
  timeout                = 120
  max_retries            = 1
  security_configuration = aws_glue_security_configuration.this.name

  command {
    name            = "glueetl"
    script_location = "s3://${var.bucket_name}/jobs/features.py"
    python_version  = "3"
  }

  default_arguments = {
    "--enable-metrics"                   = "true"
    "--enable-continuous-cloudwatch-log" = "true"
    "--job-bookmark-option"              = "job-bookmark-enable"
    "--TempDir"                          = "s3://${var.bucket_name}/tmp/"
    "--object_store_uri"                 = "s3://${var.bucket_name}"
  }
}

data "aws_iam_policy_document" "start" {
  statement {
    sid       = "RunFeatureJob"
    actions   = ["glue:StartJobRun", "glue:GetJobRun", "glue:GetJobRuns", "glue:BatchStopJobRun"]
    resources = [aws_glue_job.features.arn]
  }
}
