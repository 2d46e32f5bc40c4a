output "deploy_identity" {
  description = "Set as the repository variable DEPLOY_IDENTITY."
  value       = google_service_account.deploy.email
}

output "deploy_provider" {
  description = "Set as the repository variable DEPLOY_PROVIDER."
  value       = google_iam_workload_identity_pool_provider.this.name
}
