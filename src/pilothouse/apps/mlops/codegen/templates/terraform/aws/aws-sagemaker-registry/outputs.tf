output "repository_url" {
  description = "Where images are pushed."
  value       = aws_ecr_repository.this.repository_url
}

output "repository_arn" {
  description = "ARN of the image repository."
  value       = aws_ecr_repository.this.arn
}

output "policy_document" {
  description = "What a workload may do with model versions."
  value       = data.aws_iam_policy_document.access.json
}

output "settings" {
  description = "Environment of the workloads that register models."
  value       = { MODEL_PACKAGE_GROUP = aws_sagemaker_model_package_group.this.model_package_group_name }
}
