# PostgreSQL with pgvector on a private address; Entra identities only, no passwords.

data "azurerm_client_config" "current" {}

resource "azurerm_postgresql_flexible_server" "this" {
  name                          = "${var.name}-vectors"
  resource_group_name           = var.resource_group_name
  location                      = var.region
  version                       = "16"
  sku_name                      = var.instance
  storage_mb                    = pow(2, max(5, ceil(log(max(1, var.storage_gb), 2)))) * 1024
  auto_grow_enabled             = true
  backup_retention_days         = 14
  delegated_subnet_id           = var.postgres_subnet_id
  private_dns_zone_id           = var.dns_zone_ids["postgres"]
  public_network_access_enabled = false
  zone                          = "1"
  tags                          = var.tags

  authentication {
    active_directory_auth_enabled = true
    password_auth_enabled         = false
    tenant_id                     = data.azurerm_client_config.current.tenant_id
  }

  dynamic "high_availability" {
    for_each = var.high_availability ? [1] : []

    content {
      mode                      = "ZoneRedundant"
      standby_availability_zone = "2"
    }
  }

  identity {
    type         = "UserAssigned"
    identity_ids = [var.encryption_identity_id]
  }

  customer_managed_key {
    key_vault_key_id                  = var.encryption_key_id
    primary_user_assigned_identity_id = var.encryption_identity_id
  }

  lifecycle {
    ignore_changes = [zone, high_availability[0].standby_availability_zone]
  }
}

resource "azurerm_postgresql_flexible_server_configuration" "this" {
  for_each = {
    "azure.extensions"         = "VECTOR"
    "require_secure_transport" = "on"
  }

  name      = each.key
  server_id = azurerm_postgresql_flexible_server.this.id
  value     = each.value
}

resource "azurerm_postgresql_flexible_server_database" "this" {
  name      = "vectors"
  server_id = azurerm_postgresql_flexible_server.this.id
}

# The deployer administers; it creates the service's own database user (docs/runbook.md).
resource "azurerm_postgresql_flexible_server_active_directory_administrator" "this" {
  server_name         = azurerm_postgresql_flexible_server.this.name
  resource_group_name = var.resource_group_name
  tenant_id           = data.azurerm_client_config.current.tenant_id
  object_id           = data.azurerm_client_config.current.object_id
  principal_name      = "deployer"
  principal_type      = "ServicePrincipal"
}
