# One storage account with a container per kind of data; private, encrypted with the system's key, no shared keys.

resource "azurerm_storage_account" "this" {
  name                              = substr("${replace(var.name, "-", "")}data", 0, 24)
  resource_group_name               = var.resource_group_name
  location                          = var.region
  account_tier                      = "Standard"
  account_replication_type          = var.high_availability ? "ZRS" : "LRS"
  account_kind                      = "StorageV2"
  min_tls_version                   = "TLS1_2"
  https_traffic_only_enabled        = true
  shared_access_key_enabled         = false
  default_to_oauth_authentication   = true
  allow_nested_items_to_be_public   = false
  public_network_access_enabled     = false
  infrastructure_encryption_enabled = true
  tags                              = var.tags

  identity {
    type         = "UserAssigned"
    identity_ids = [var.encryption_identity_id]
  }

  customer_managed_key {
    key_vault_key_id          = var.encryption_key_id
    user_assigned_identity_id = var.encryption_identity_id
  }

  blob_properties {
    versioning_enabled = true

    delete_retention_policy {
      days = 14
    }

    container_delete_retention_policy {
      days = 14
    }
  }
}

resource "azurerm_storage_container" "this" {
  for_each = toset(["raw", "features", "models", "predictions", "monitoring"])

  name                  = each.key
  storage_account_id    = azurerm_storage_account.this.id
  container_access_type = "private"
}

resource "azurerm_storage_management_policy" "this" {
  storage_account_id = azurerm_storage_account.this.id

  rule {
    name    = "expire-raw-data"
    enabled = true

    filters {
      blob_types   = ["blockBlob"]
      prefix_match = ["raw/"]
    }

    actions {
      base_blob {
        delete_after_days_since_modification_greater_than = var.retention_days
      }

      version {
        delete_after_days_since_creation = min(var.retention_days, 90)
      }
    }
  }
}

module "endpoint" {
  source = "../private-endpoint"

  name                = var.name
  region              = var.region
  resource_group_name = var.resource_group_name
  tags                = var.tags
  service             = "blob"
  subresource         = "blob"
  resource_id         = azurerm_storage_account.this.id
  subnet_id           = var.endpoints_subnet_id
  dns_zone_id         = var.dns_zone_ids["blob"]
}
