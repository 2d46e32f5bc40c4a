# Redis on a private address; Entra identities only, no access keys. Sizes are named like Standard_C1.

locals {
  sku = split("_", var.instance)
}

resource "azurerm_redis_cache" "this" {
  name                               = var.name
  resource_group_name                = var.resource_group_name
  location                           = var.region
  sku_name                           = local.sku[0]
  family                             = substr(local.sku[1], 0, 1)
  capacity                           = tonumber(substr(local.sku[1], 1, 1))
  minimum_tls_version                = "1.2"
  non_ssl_port_enabled               = false
  public_network_access_enabled      = false
  access_keys_authentication_enabled = false
  tags                               = var.tags

  redis_configuration {
    active_directory_authentication_enabled = true
    maxmemory_policy                        = "allkeys-lfu"
  }
}

resource "azurerm_redis_cache_access_policy_assignment" "this" {
  count = length(var.client_principal_ids)

  name               = "client-${count.index}"
  redis_cache_id     = azurerm_redis_cache.this.id
  access_policy_name = "Data Contributor"
  object_id          = var.client_principal_ids[count.index]
  object_id_alias    = "client-${count.index}"
}

module "endpoint" {
  source = "../private-endpoint"

  name                = var.name
  region              = var.region
  resource_group_name = var.resource_group_name
  tags                = var.tags
  service             = "redis"
  subresource         = "redisCache"
  resource_id         = azurerm_redis_cache.this.id
  subnet_id           = var.endpoints_subnet_id
  dns_zone_id         = var.dns_zone_ids["redis"]
}
