output "repository_url" {
  description = "Where images are pushed."
  value       = "${azurerm_container_registry.this.login_server}/service"
}

output "login_server" {
  description = "Host of the registry."
  value       = azurerm_container_registry.this.login_server
}

output "registry_id" {
  description = "The registry."
  value       = azurerm_container_registry.this.id
}
