# Scoring runs as a scheduled Azure ML job of the same image: it reads one partition and writes one partition.

module "identity" {
  source = "../workload-identity"

  name                = var.name
  purpose             = "scoring"
  region              = var.region
  resource_group_name = var.resource_group_name
  tags                = var.tags
  storage_account_id  = var.storage_account_id
  read_containers     = ["features", "models", "raw"]
  write_containers    = ["monitoring", "predictions"]
  grants              = concat(var.data_grants, [for id in var.registry_ids : { scope = id, role = "AcrPull" }])
}

resource "azurerm_machine_learning_compute_cluster" "this" {
  name                          = "scoring"
  machine_learning_workspace_id = var.ml_workspace_id
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
