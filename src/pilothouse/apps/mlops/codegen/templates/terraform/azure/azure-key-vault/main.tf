# A vault for the service's secrets; they are set outside Terraform, so that no value enters its state.

data "azurerm_client_config" "current" {}

resource "azurerm_key_vault" "this" {
  name                          = substr("${replace(var.name, "-", "")}sec", 0, 24)
  resource_group_name           = var.resource_group_name
  location                      = var.region
  tenant_id                     = data.azurerm_client_config.current.tenant_id
  sku_name                      = "standard"
  rbac_authorization_enabled    = true
  purge_protection_enabled      = true
  soft_delete_retention_days    = 90
  public_network_access_enabled = length(var.admin_cidrs) > 0
  tags                          = var.tags

  network_acls {
    bypass         = "AzureServices"
    default_action = "Deny"
    ip_rules       = var.admin_cidrs
  }
}

module "endpoint" {
  source = "../private-endpoint"

  name                = var.name
  region              = var.region
  resource_group_name = var.resource_group_name
  tags                = var.tags
  service             = "vault"
  subresource         = "vault"
  resource_id         = azurerm_key_vault.this.id
  subnet_id           = var.endpoints_subnet_id
  dns_zone_id         = var.dns_zone_ids["vault"]
}
