output "service_name" {
  description = "Name of the service."
  value       = google_cloud_run_v2_service.this.name
}

output "account_email" {
  description = "Account of the service."
  value       = module.account.email
}

output "account_id" {
  description = "Resource name of the service's account."
  value       = module.account.id
}

output "deployment" {
  description = "What continuous delivery updates."
  value       = { service = google_cloud_run_v2_service.this.name, region = var.region }
}

output "run_jobs" {
  description = "Names of the jobs that the orchestrator may start."
  value       = [for job in google_cloud_run_v2_job.this : job.name]
}

output "index_tasks" {
  description = "Steps of a workflow that run the jobs."
  value = [
    for name, job in google_cloud_run_v2_job.this : jsonencode({
      name = name
      call = "googleapis.run.v2.projects.locations.jobs.run"
      args = { name = job.id, location = var.region }
    })
  ]
}
