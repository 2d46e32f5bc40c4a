output "policy_document" {
  description = "What a workload may do with the feature group."
  value       = data.aws_iam_policy_document.access.json
}

output "settings" {
  description = "Environment of the workloads that read features."
  value       = { ONLINE_STORE_URI = "sagemaker-feature-store://${aws_sagemaker_feature_group.this.feature_group_name}" }
}
