# Container images: no admin user, private, encrypted with the system's key, old untagged ones removed.

resource "azurerm_container_registry" "this" {
  name                          = substr(replace(var.name, "-", ""), 0, 50)
  resource_group_name           = var.resource_group_name
  location                      = var.region
  sku                           = "Premium"
  admin_enabled                 = false
  anonymous_pull_enabled        = false
  public_network_access_enabled = length(var.admin_cidrs) > 0
  zone_redundancy_enabled       = var.high_availability
  retention_policy_in_days      = 30
  tags                          = var.tags

  identity {
    type         = "UserAssigned"
    identity_ids = [var.encryption_identity_id]
  }

  encryption {
    key_vault_key_id   = var.encryption_key_id
    identity_client_id = var.encryption_client_id
  }

  dynamic "network_rule_set" {
    for_each = length(var.admin_cidrs) > 0 ? [1] : []

    content {
      default_action = "Deny"

      dynamic "ip_rule" {
        for_each = var.admin_cidrs

        content {
          action   = "Allow"
          ip_range = ip_rule.value
        }
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
  service             = "registry"
  subresource         = "registry"
  resource_id         = azurerm_container_registry.this.id
  subnet_id           = var.endpoints_subnet_id
  dns_zone_id         = var.dns_zone_ids["registry"]
}
