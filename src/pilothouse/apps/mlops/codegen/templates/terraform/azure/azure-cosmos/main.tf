# Online features by entity key; Entra identities only, items expire.

resource "azurerm_cosmosdb_account" "this" {
  name                          = var.name
  resource_group_name           = var.resource_group_name
  location                      = var.region
  offer_type                    = "Standard"
  kind                          = "GlobalDocumentDB"
  key_vault_key_id              = var.encryption_key_id
  default_identity_type         = "UserAssignedIdentity=${var.encryption_identity_id}"
  local_authentication_disabled = true
  public_network_access_enabled = false
  minimal_tls_version           = "Tls12"
  tags                          = var.tags

  identity {
    type         = "UserAssigned"
    identity_ids = [var.encryption_identity_id]
  }

  consistency_policy {
    consistency_level = "Session"
  }

  geo_location {
    location          = var.region
    failover_priority = 0
    zone_redundant    = var.high_availability
  }

  backup {
    type = "Continuous"
    tier = "Continuous7Days"
  }
}

resource "azurerm_cosmosdb_sql_database" "this" {
  name                = "features"
  resource_group_name = var.resource_group_name
  account_name        = azurerm_cosmosdb_account.this.name
}

resource "azurerm_cosmosdb_sql_container" "this" {
  name                = "features"
  resource_group_name = var.resource_group_name
  account_name        = azurerm_cosmosdb_account.this.name
  database_name       = azurerm_cosmosdb_sql_database.this.name
  partition_key_paths = ["/entity_id"]
  default_ttl         = var.retention_days * 86400

  autoscale_settings {
    max_throughput = max(1000, ceil(var.peak_rps / 10) * 100)
  }
}

# The built-in role 00000000-0000-0000-0000-000000000002 reads and writes items, and nothing of the account.
resource "azurerm_cosmosdb_sql_role_assignment" "this" {
  count = length(var.client_principal_ids)

  resource_group_name = var.resource_group_name
  account_name        = azurerm_cosmosdb_account.this.name
  role_definition_id  = "${azurerm_cosmosdb_account.this.id}/sqlRoleDefinitions/00000000-0000-0000-0000-000000000002"
  principal_id        = var.client_principal_ids[count.index]
  scope               = "${azurerm_cosmosdb_account.this.id}/dbs/${azurerm_cosmosdb_sql_database.this.name}"
}

module "endpoint" {
  source = "../private-endpoint"

  name                = var.name
  region              = var.region
  resource_group_name = var.resource_group_name
  tags                = var.tags
  service             = "cosmos"
  subresource         = "Sql"
  resource_id         = azurerm_cosmosdb_account.this.id
  subnet_id           = var.endpoints_subnet_id
  dns_zone_id         = var.dns_zone_ids["cosmos"]
}
