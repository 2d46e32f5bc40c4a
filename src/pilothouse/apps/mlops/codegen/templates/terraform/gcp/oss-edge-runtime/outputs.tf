output "identity_provider" {
  description = "Provider that devices name when they sign in."
  value       = google_iam_workload_identity_pool_provider.this.name
}

output "device_account" {
  description = "Account that devices act as."
  value       = module.account.email
}
