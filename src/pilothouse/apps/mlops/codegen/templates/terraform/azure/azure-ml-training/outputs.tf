output "ml_workspace_id" {
  description = "The workspace."
  value       = azurerm_machine_learning_workspace.this.id
}

output "principal_id" {
  description = "Object id of the training identity."
  value       = module.identity.principal_id
}

output "task" {
  description = "Activity of a pipeline that trains and registers a candidate."
  value = jsonencode({
    name   = "train"
    type   = "WebActivity"
    policy = { timeout = "0.06:00:00", retry = 2 }
    typeProperties = {
      method         = "PUT"
      url            = "https://management.azure.com${azurerm_machine_learning_workspace.this.id}/jobs/@{pipeline().RunId}?api-version=2024-10-01"
      authentication = { type = "MSI", resource = "https://management.azure.com/" }
      body = {
        properties = {
          jobType              = "Command"
          displayName          = "train"
          experimentName       = var.name
          computeId            = azurerm_machine_learning_compute_cluster.this.id
          command              = "python -m ${var.package} train"
          environmentId        = "${azurerm_machine_learning_workspace.this.id}/environments/service/versions/${split(":", var.image)[length(split(":", var.image)) - 1]}"
          environmentVariables = merge(var.settings, { AZURE_CLIENT_ID = module.identity.client_id })
          limits               = { jobLimitsType = "Command", timeout = "PT6H" }
        }
      }
    }
  })
}
