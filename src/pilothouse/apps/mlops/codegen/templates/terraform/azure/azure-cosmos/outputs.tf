output "settings" {
  description = "Environment of the workloads that read features."
  value       = { ONLINE_STORE_URI = "cosmos://${azurerm_cosmosdb_account.this.name}.documents.azure.com/features/features" }
}
