output "job_name" {
  description = "Name of the drift check."
  value       = azurerm_container_app_job.this.name
}
