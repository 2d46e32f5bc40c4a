output "storage_account_id" {
  description = "The storage account."
  value       = azurerm_storage_account.this.id

  depends_on = [azurerm_storage_container.this]
}

output "settings" {
  description = "Environment of the workloads that read and write objects."
  value       = { OBJECT_STORE_URI = "azure://${azurerm_storage_account.this.name}" }
}
