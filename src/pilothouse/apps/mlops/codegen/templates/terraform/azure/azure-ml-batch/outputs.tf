output "principal_id" {
  description = "Object id of the scoring identity."
  value       = module.identity.principal_id
}

output "scoring_task" {
  description = "Activity of a pipeline that scores one partition."
  value = jsonencode({
    name   = "score"
    type   = "WebActivity"
    policy = { timeout = "0.06:00:00", retry = 2 }
    typeProperties = {
      method         = "PUT"
      url            = "https://management.azure.com${var.ml_workspace_id}/jobs/@{pipeline().RunId}?api-version=2024-10-01"
      authentication = { type = "MSI", resource = "https://management.azure.com/" }
      body = {
        properties = {
          jobType              = "Command"
          displayName          = "score"
          experimentName       = var.name
          computeId            = azurerm_machine_learning_compute_cluster.this.id
          command              = "python -m ${var.package} score --at @{pipeline().TriggerTime}"
          environmentId        = "${var.ml_workspace_id}/environments/service/versions/${split(":", var.image)[length(split(":", var.image)) - 1]}"
          environmentVariables = merge(var.settings, { AZURE_CLIENT_ID = module.identity.client_id })
          limits               = { jobLimitsType = "Command", timeout = "PT6H" }
        }
      }
    }
  })
}
