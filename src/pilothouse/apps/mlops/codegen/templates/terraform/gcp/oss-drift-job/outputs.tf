output "job_name" {
  description = "Name of the drift check."
  value       = google_cloud_run_v2_job.this.name
}

output "account_email" {
  description = "Account of the drift check."
  value       = module.account.email
}
