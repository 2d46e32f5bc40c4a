output "resource_group_name" {
  description = "Resource group of the system."
  value       = azurerm_resource_group.this.name
}

output "resource_group_id" {
  description = "Id of the resource group."
  value       = azurerm_resource_group.this.id
}

output "apps_subnet_id" {
  description = "Subnet of container apps."
  value       = azurerm_subnet.apps.id
}

output "compute_subnet_id" {
  description = "Subnet of training and scoring machines."
  value       = azurerm_subnet.compute.id
}

output "endpoints_subnet_id" {
  description = "Subnet of private endpoints."
  value       = azurerm_subnet.endpoints.id
}

output "gateway_subnet_id" {
  description = "Subnet of the application gateway."
  value       = azurerm_subnet.gateway.id
}

output "postgres_subnet_id" {
  description = "Subnet of PostgreSQL."
  value       = azurerm_subnet.postgres.id
}

output "dns_zone_ids" {
  description = "Private DNS zones by service, once they are linked to the network."
  value       = { for name, zone in azurerm_private_dns_zone.this : name => zone.id }

  depends_on = [azurerm_private_dns_zone_virtual_network_link.this]
}

output "encryption_key_id" {
  description = "Key that encrypts all data, without its version, so that it can rotate."
  value       = azurerm_key_vault_key.data.versionless_id

  depends_on = [azurerm_role_assignment.encryption]
}

output "encryption_identity_id" {
  description = "Identity that may use the key."
  value       = azurerm_user_assigned_identity.encryption.id
}

output "encryption_client_id" {
  description = "Client id of the identity that may use the key."
  value       = azurerm_user_assigned_identity.encryption.client_id
}
