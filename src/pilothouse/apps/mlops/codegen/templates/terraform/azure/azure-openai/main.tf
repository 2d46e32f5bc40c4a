# One model deployment; Entra identities only, private, within the region's own capacity.

resource "azurerm_cognitive_account" "this" {
  name                          = "${var.name}-openai"
  resource_group_name           = var.resource_group_name
  location                      = var.region
  kind                          = "OpenAI"
  sku_name                      = "S0"
  custom_subdomain_name         = "${var.name}-openai"
  local_auth_enabled            = false
  public_network_access_enabled = false
  tags                          = var.tags

  identity {
    type         = "UserAssigned"
    identity_ids = [var.encryption_identity_id]
  }

  customer_managed_key {
    key_vault_key_id   = var.encryption_key_id
    identity_client_id = var.encryption_client_id
  }

  network_acls {
    default_action = "Deny"
  }
}

resource "azurerm_cognitive_deployment" "this" {
  name                 = "chat"
  cognitive_account_id = azurerm_cognitive_account.this.id
  rai_policy_name      = "Microsoft.DefaultV2"

  model {
    format = "OpenAI"
    name   = var.model
  }

  sku {
    name     = "Standard" # Regional: prompts and answers are processed in the region.
    capacity = 50
  }
}

module "endpoint" {
  source = "../private-endpoint"

  name                = var.name
  region              = var.region
  resource_group_name = var.resource_group_name
  tags                = var.tags
  service             = "openai"
  subresource         = "account"
  resource_id         = azurerm_cognitive_account.this.id
  subnet_id           = var.endpoints_subnet_id
  dns_zone_id         = var.dns_zone_ids["openai"]
}
