# Events and results as event hubs; Entra identities only, no connection strings.

resource "azurerm_eventhub_namespace" "this" {
  name                          = var.name
  resource_group_name           = var.resource_group_name
  location                      = var.region
  sku                           = "Standard"
  capacity                      = max(1, var.shards)
  auto_inflate_enabled          = true
  maximum_throughput_units      = max(2, var.shards * 2)
  local_authentication_enabled  = false
  public_network_access_enabled = false
  minimum_tls_version           = "1.2"
  tags                          = var.tags
}

resource "azurerm_eventhub" "this" {
  for_each = toset(["events", "results"])

  name              = each.key
  namespace_id      = azurerm_eventhub_namespace.this.id
  partition_count   = min(32, var.partitions)
  message_retention = max(1, min(7, ceil(var.retention_hours / 24)))
}

resource "azurerm_eventhub_consumer_group" "this" {
  name                = "service"
  namespace_name      = azurerm_eventhub_namespace.this.name
  eventhub_name       = azurerm_eventhub.this["events"].name
  resource_group_name = var.resource_group_name
}

module "endpoint" {
  source = "../private-endpoint"

  name                = var.name
  region              = var.region
  resource_group_name = var.resource_group_name
  tags                = var.tags
  service             = "eventhub"
  subresource         = "namespace"
  resource_id         = azurerm_eventhub_namespace.this.id
  subnet_id           = var.endpoints_subnet_id
  dns_zone_id         = var.dns_zone_ids["eventhub"]
}

resource "azurerm_monitor_metric_alert" "throttled" {
  name                = "${var.name}-events-throttled"
  resource_group_name = var.resource_group_name
  scopes              = [azurerm_eventhub_namespace.this.id]
  description         = "Producers are throttled: raise the throughput units; see docs/runbook.md."
  tags                = var.tags

  criteria {
    metric_namespace = "Microsoft.EventHub/namespaces"
    metric_name      = "ThrottledRequests"
    aggregation      = "Total"
    operator         = "GreaterThan"
    threshold        = 0
  }

  dynamic "action" {
    for_each = var.action_group_ids

    content {
      action_group_id = action.value
    }
  }
}
