# One service, reachable on a private address only.

resource "azurerm_private_endpoint" "this" {
  name                = "${var.name}-${var.service}"
  resource_group_name = var.resource_group_name
  location            = var.region
  subnet_id           = var.subnet_id
  tags                = var.tags

  private_service_connection {
    name                           = var.service
    private_connection_resource_id = var.resource_id
    subresource_names              = [var.subresource]
    is_manual_connection           = false
  }

  private_dns_zone_group {
    name                 = var.service
    private_dns_zone_ids = [var.dns_zone_id]
  }
}
