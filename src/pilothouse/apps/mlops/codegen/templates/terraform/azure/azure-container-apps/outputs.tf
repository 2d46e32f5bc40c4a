output "fqdn" {
  description = "Name of the service inside the network."
  value       = azurerm_container_app.this.ingress[0].fqdn
}

output "app_environment_id" {
  description = "Environment that further apps and jobs can join."
  value       = azurerm_container_app_environment.this.id
}

output "app_id" {
  description = "The container app."
  value       = azurerm_container_app.this.id
}

output "principal_id" {
  description = "Object id of the service's identity."
  value       = module.identity.principal_id
}

output "deployment" {
  description = "What continuous delivery updates."
  value       = { app = azurerm_container_app.this.name, resource_group = var.resource_group_name }
}

output "run_job_ids" {
  description = "Jobs that the orchestrator may start."
  value       = [for job in azurerm_container_app_job.this : job.id]
}

output "index_tasks" {
  description = "Activities of a pipeline that run the jobs."
  value = [
    for name, job in azurerm_container_app_job.this : jsonencode({
      name   = name
      type   = "WebActivity"
      policy = { timeout = "0.01:00:00", retry = 2 }
      typeProperties = {
        method         = "POST"
        url            = "https://management.azure.com${job.id}/start?api-version=2024-03-01"
        authentication = { type = "MSI", resource = "https://management.azure.com/" }
        body           = {}
      }
    })
  ]
}
