output "factory_name" {
  description = "Name of the factory."
  value       = azurerm_data_factory.this.name
}
