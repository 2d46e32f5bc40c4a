# Container images in ECR, model versions with their approval in the SageMaker registry.

resource "aws_ecr_repository" "this" {
  name                 = var.name
  image_tag_mutability = "IMMUTABLE"
  force_delete         = !var.deletion_protection

  image_scanning_configuration {
    scan_on_push = true
  }

  encryption_configuration {
    encryption_type = "KMS"
    kms_key         = var.kms_key_arn
  }
}

resource "aws_ecr_lifecycle_policy" "this" {
  repository = aws_ecr_repository.this.name

  policy = jsonencode({
    rules = [{
      rulePriority = 1
      description  = "Keep the latest 50 images"
      selection    = { tagStatus = "any", countType = "imageCountMoreThan", countNumber = 50 }
      action       = { type = "expire" }
    }]
  })
}

resource "aws_sagemaker_model_package_group" "this" {
  model_package_group_name        = var.name
  model_package_group_description = "Versions of the model of ${var.name}, approved before they serve"
}

data "aws_iam_policy_document" "access" {
  statement {
    sid     = "RegisterAndReadModels"
    actions = ["sagemaker:CreateModelPackage", "sagemaker:DescribeModelPackage", "sagemaker:DescribeModelPackageGroup"]
    resources = [
      aws_sagemaker_model_package_group.this.arn,
      "${replace(aws_sagemaker_model_package_group.this.arn, ":model-package-group/", ":model-package/")}/*",
    ]
  }
}
