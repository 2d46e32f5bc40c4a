# Pipelines as Data Factory pipelines: one per purpose, each started by its own trigger.

locals {
  pipelines = {
    for name, pipeline in {
      training = { tasks = var.training_tasks, days = var.retraining_days }
      scoring  = { tasks = var.scoring_tasks, days = 1 }
      indexing = { tasks = var.index_tasks, days = 1 }
    } : name => pipeline if length(pipeline.tasks) > 0
  }
}

resource "azurerm_data_factory" "this" {
  name                             = var.name
  resource_group_name              = var.resource_group_name
  location                         = var.region
  managed_virtual_network_enabled  = true
  public_network_enabled           = false
  customer_managed_key_id          = var.encryption_key_id
  customer_managed_key_identity_id = var.encryption_identity_id
  tags                             = var.tags

  identity {
    type         = "SystemAssigned, UserAssigned"
    identity_ids = [var.encryption_identity_id]
  }
}

resource "azurerm_role_assignment" "jobs" {
  count = length(var.ml_workspace_ids)

  scope                = var.ml_workspace_ids[count.index]
  role_definition_name = "AzureML Data Scientist"
  principal_id         = azurerm_data_factory.this.identity[0].principal_id
}

resource "azurerm_role_assignment" "run" {
  count = length(var.index_tasks)

  scope                = var.run_job_ids[count.index]
  role_definition_name = "Container Apps Jobs Operator"
  principal_id         = azurerm_data_factory.this.identity[0].principal_id
}

resource "azurerm_data_factory_pipeline" "this" {
  for_each = local.pipelines

  name            = each.key
  data_factory_id = azurerm_data_factory.this.id
  description     = "The ${each.key} pipeline of ${var.name}"
  concurrency     = 1

  activities_json = jsonencode([
    for index, task in each.value.tasks : merge(
      jsondecode(task),
      index == 0 ? {} : {
        dependsOn = [{
          activity             = jsondecode(each.value.tasks[index - 1]).name
          dependencyConditions = ["Succeeded"]
        }]
      },
    )
  ])
}

resource "azurerm_data_factory_trigger_schedule" "this" {
  for_each = local.pipelines

  name            = each.key
  data_factory_id = azurerm_data_factory.this.id
  pipeline_name   = azurerm_data_factory_pipeline.this[each.key].name
  frequency       = each.value.days < 1 ? "Hour" : "Day"
  interval        = each.value.days < 1 ? max(1, floor(each.value.days * 24)) : floor(each.value.days)
  activated       = true

  schedule {
    hours   = each.value.days < 1 ? null : [3]
    minutes = [0]
  }
}

resource "azurerm_monitor_metric_alert" "failed" {
  name                = "${var.name}-pipeline-failed"
  resource_group_name = var.resource_group_name
  scopes              = [azurerm_data_factory.this.id]
  description         = "A pipeline failed; see docs/runbook.md."
  tags                = var.tags

  criteria {
    metric_namespace = "Microsoft.DataFactory/factories"
    metric_name      = "PipelineFailedRuns"
    aggregation      = "Total"
    operator         = "GreaterThan"
    threshold        = 0
  }

  dynamic "action" {
    for_each = var.action_group_ids

    content {
      action_group_id = action.value
    }
  }
}
