# The service as a container app inside the network; it scales on requests.

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

resource "azurerm_container_app_environment" "this" {
  name                           = var.name
  resource_group_name            = var.resource_group_name
  location                       = var.region
  infrastructure_subnet_id       = var.apps_subnet_id
  internal_load_balancer_enabled = true
  zone_redundancy_enabled        = var.high_availability
  logs_destination               = length(var.log_workspace_ids) > 0 ? "log-analytics" : null
  log_analytics_workspace_id     = one(var.log_workspace_ids)
  tags                           = var.tags

  workload_profile {
    name                  = "Consumption"
    workload_profile_type = "Consumption"
  }
}

resource "azurerm_container_app" "this" {
  name                         = substr(var.name, 0, 32)
  resource_group_name          = var.resource_group_name
  container_app_environment_id = azurerm_container_app_environment.this.id
  revision_mode                = "Single"
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

  ingress {
    external_enabled           = true # Within the network: the environment's load balancer is internal.
    target_port                = 8080
    transport                  = "http"
    allow_insecure_connections = false

    traffic_weight {
      latest_revision = true
      percentage      = 100
    }
  }

  template {
    min_replicas                     = max(1, var.replicas)
    max_replicas                     = max(1, var.replicas, var.max_replicas)
    termination_grace_period_seconds = 60

    container {
      name   = "service"
      image  = var.image
      args   = var.service_command
      cpu    = min(4, max(0.25, ceil(var.cpu * 4) / 4))
      memory = "${min(8, max(0.5, ceil(var.cpu * 4) / 2))}Gi" # Consumption plans give 2 GiB per vCPU.

      dynamic "env" {
        for_each = merge(var.settings, { AZURE_CLIENT_ID = module.identity.client_id })

        content {
          name  = env.key
          value = env.value
        }
      }

      startup_probe {
        transport = "HTTP"
        port      = 8080
        path      = "/health/ready"
      }

      liveness_probe {
        transport = "HTTP"
        port      = 8080
        path      = "/health/live"
      }

      readiness_probe {
        transport = "HTTP"
        port      = 8080
        path      = "/health/ready"
      }
    }

    # A second process of the same image beside the service, where the design has one.
    dynamic "container" {
      for_each = var.sidecar_command

      content {
        name   = container.value
        image  = var.image
        args   = [container.value]
        cpu    = 0.25
        memory = "0.5Gi"

        dynamic "env" {
          for_each = merge(var.settings, { AZURE_CLIENT_ID = module.identity.client_id, PORT = "8081" })

          content {
            name  = env.key
            value = env.value
          }
        }
      }
    }

    http_scale_rule {
      name                = "requests"
      concurrent_requests = "40"
    }
  }

  lifecycle {
    ignore_changes = [template[0].container[0].image] # Continuous delivery owns it after the first apply.
  }
}

# Jobs that the orchestrator starts, with the service's own image and identity.
resource "azurerm_container_app_job" "this" {
  for_each = toset(var.jobs)

  name                         = substr("${var.name}-${each.key}", 0, 32)
  resource_group_name          = var.resource_group_name
  location                     = var.region
  container_app_environment_id = azurerm_container_app_environment.this.id
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

  manual_trigger_config {
    parallelism              = 1
    replica_completion_count = 1
  }

  template {
    container {
      name   = each.key
      image  = var.image
      args   = [each.key]
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
