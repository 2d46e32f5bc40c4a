# An Azure ML workspace with a compute cluster that scales to zero between trainings.

data "azurerm_client_config" "current" {}

resource "azurerm_application_insights" "this" {
  name                = "${var.name}-ml"
  resource_group_name = var.resource_group_name
  location            = var.region
  application_type    = "web"
  retention_in_days   = 90
  tags                = var.tags
}

resource "azurerm_key_vault" "ml" {
  name                       = substr("${replace(var.name, "-", "")}ml", 0, 24)
  resource_group_name        = var.resource_group_name
  location                   = var.region
  tenant_id                  = data.azurerm_client_config.current.tenant_id
  sku_name                   = "standard"
  rbac_authorization_enabled = true
  purge_protection_enabled   = true
  tags                       = var.tags

  network_acls {
    bypass         = "AzureServices"
    default_action = "Deny"
  }
}

module "identity" {
  source = "../workload-identity"

  name                = var.name
  purpose             = "training"
  region              = var.region
  resource_group_name = var.resource_group_name
  tags                = var.tags
  storage_account_id  = var.storage_account_id
  read_containers     = ["raw"]
  write_containers    = ["features", "models", "monitoring"]
  grants              = concat(var.data_grants, [for id in var.registry_ids : { scope = id, role = "AcrPull" }])
}

resource "azurerm_machine_learning_workspace" "this" {
  name                          = var.name
  resource_group_name           = var.resource_group_name
  location                      = var.region
  application_insights_id       = azurerm_application_insights.this.id
  key_vault_id                  = azurerm_key_vault.ml.id
  storage_account_id            = var.storage_account_id
  container_registry_id         = one(var.registry_ids)
  public_network_access_enabled = false
  high_business_impact          = true
  tags                          = var.tags

  identity {
    type = "SystemAssigned"
  }

  managed_network {
    isolation_mode = "AllowInternetOutbound"
  }
}

resource "azurerm_machine_learning_compute_cluster" "this" {
  name                          = "training"
  machine_learning_workspace_id = azurerm_machine_learning_workspace.this.id
  location                      = var.region
  vm_priority                   = "Dedicated"
  vm_size                       = var.instance
  subnet_resource_id            = var.compute_subnet_id
  node_public_ip_enabled        = false
  local_auth_enabled            = false
  tags                          = var.tags

  identity {
    type         = "UserAssigned"
    identity_ids = [module.identity.id]
  }

  scale_settings {
    min_node_count                       = 0
    max_node_count                       = max(1, var.nodes)
    scale_down_nodes_after_idle_duration = "PT10M"
  }
}
