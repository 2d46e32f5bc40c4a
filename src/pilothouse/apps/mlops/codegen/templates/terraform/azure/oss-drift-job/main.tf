# The drift check as a scheduled container app job of the service's image.

module "identity" {
  source = "../workload-identity"

  name                = var.name
  purpose             = "drift"
  region              = var.region
  resource_group_name = var.resource_group_name
  tags                = var.tags
  storage_account_id  = var.storage_account_id
  read_containers     = ["features", "models", "predictions"]
  write_containers    = ["monitoring"]
  grants              = [for id in var.registry_ids : { scope = id, role = "AcrPull" }]
}

resource "azurerm_container_app_environment" "this" {
  count = length(var.app_environment_ids) > 0 ? 0 : 1

  name                           = "${var.name}-jobs"
  resource_group_name            = var.resource_group_name
  location                       = var.region
  infrastructure_subnet_id       = var.apps_subnet_id
  internal_load_balancer_enabled = true
  tags                           = var.tags

  workload_profile {
    name                  = "Consumption"
    workload_profile_type = "Consumption"
  }
}

resource "azurerm_container_app_job" "this" {
  name                         = substr("${var.name}-drift", 0, 32)
  resource_group_name          = var.resource_group_name
  location                     = var.region
  container_app_environment_id = one(concat(var.app_environment_ids, azurerm_container_app_environment.this[*].id))
  replica_timeout_in_seconds   = 3600
  replica_retry_limit          = 1
  workload_profile_name        = "Consumption"
  tags                         = var.tags

  identity {
    type         = "UserAssigned"
    identity_ids = [module.identity.id]
  }

  dynamic "registry" {
    for_each = var.login_servers

    content {
      server   = registry.value
      identity = module.identity.id
    }
  }

  schedule_trigger_config {
    cron_expression = var.drift_cron
  }

  template {
    container {
      name   = "drift"
      image  = var.image
      args   = ["drift"]
      cpu    = 0.5
      memory = "1Gi"

      dynamic "env" {
        for_each = merge(var.settings, { AZURE_CLIENT_ID = module.identity.client_id })

        content {
          name  = env.key
          value = env.value
        }
      }
    }
  }
}
