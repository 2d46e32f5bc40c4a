# A managed online endpoint of Azure ML. The azurerm provider has no resource for it, so that it is
# deployed as the ARM template that the portal would use:
# https://learn.microsoft.com/azure/templates/microsoft.machinelearningservices/workspaces/onlineendpoints

module "identity" {
  source = "../workload-identity"

  name                = var.name
  purpose             = "serving"
  region              = var.region
  resource_group_name = var.resource_group_name
  tags                = var.tags
  storage_account_id  = var.storage_account_id
  read_containers     = ["features", "models"]
  write_containers    = ["monitoring", "predictions"]
  grants              = concat(var.data_grants, [for id in var.registry_ids : { scope = id, role = "AcrPull" }])
}

locals {
  workspace = split("/", var.ml_workspace_id)[8]
  endpoint  = substr(var.name, 0, 32)
}

resource "azurerm_resource_group_template_deployment" "this" {
  name                = "${var.name}-endpoint"
  resource_group_name = var.resource_group_name
  deployment_mode     = "Incremental"
  tags                = var.tags

  template_content = jsonencode({
    "$schema"      = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
    contentVersion = "1.0.0.0"
    resources = [
      {
        type       = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints"
        apiVersion = "2024-10-01"
        name       = "${local.workspace}/${local.endpoint}"
        location   = var.region
        tags       = var.tags
        identity   = { type = "UserAssigned", userAssignedIdentities = { (module.identity.id) = {} } }
        properties = { authMode = "AADToken", publicNetworkAccess = "Disabled", traffic = { champion = 100 } }
      },
      {
        type       = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/deployments"
        apiVersion = "2024-10-01"
        name       = "${local.workspace}/${local.endpoint}/champion"
        location   = var.region
        tags       = var.tags
        sku        = { name = "Default", tier = "Standard", capacity = max(1, var.replicas) }
        dependsOn  = ["[resourceId('Microsoft.MachineLearningServices/workspaces/onlineEndpoints', '${local.workspace}', '${local.endpoint}')]"]
        properties = {
          endpointComputeType       = "Managed"
          instanceType              = var.instance
          environmentId             = "${var.ml_workspace_id}/environments/service/versions/${split(":", var.image)[length(split(":", var.image)) - 1]}"
          environmentVariables      = merge(var.settings, { AZURE_CLIENT_ID = module.identity.client_id })
          egressPublicNetworkAccess = "Disabled"
          livenessProbe             = { initialDelay = "PT10S", period = "PT15S", failureThreshold = 3 }
          requestSettings           = { maxConcurrentRequestsPerInstance = 40, requestTimeout = "PT30S" }
          scaleSettings             = { scaleType = "Default" }
        }
      },
    ]
  })
}

resource "azurerm_monitor_autoscale_setting" "this" {
  name                = "${var.name}-endpoint"
  resource_group_name = var.resource_group_name
  location            = var.region
  target_resource_id  = "${var.ml_workspace_id}/onlineEndpoints/${local.endpoint}/deployments/champion"
  tags                = var.tags

  profile {
    name = "load"

    capacity {
      minimum = max(1, var.replicas)
      default = max(1, var.replicas)
      maximum = max(1, var.replicas, var.max_replicas)
    }

    rule {
      metric_trigger {
        metric_name        = "CpuUtilizationPercentage"
        metric_resource_id = "${var.ml_workspace_id}/onlineEndpoints/${local.endpoint}/deployments/champion"
        time_grain         = "PT1M"
        time_window        = "PT5M"
        statistic          = "Average"
        time_aggregation   = "Average"
        operator           = "GreaterThan"
        threshold          = 60
      }

      scale_action {
        direction = "Increase"
        type      = "ChangeCount"
        value     = "1"
        cooldown  = "PT2M"
      }
    }

    rule {
      metric_trigger {
        metric_name        = "CpuUtilizationPercentage"
        metric_resource_id = "${var.ml_workspace_id}/onlineEndpoints/${local.endpoint}/deployments/champion"
        time_grain         = "PT1M"
        time_window        = "PT15M"
        statistic          = "Average"
        time_aggregation   = "Average"
        operator           = "LessThan"
        threshold          = 25
      }

      scale_action {
        direction = "Decrease"
        type      = "ChangeCount"
        value     = "1"
        cooldown  = "PT10M"
      }
    }
  }

  depends_on = [azurerm_resource_group_template_deployment.this]
}
