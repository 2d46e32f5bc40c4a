output "settings" {
  description = "Environment of the workloads that search vectors."
  value       = { VECTOR_STORE_URI = "postgresql+entra://service@${azurerm_postgresql_flexible_server.this.fqdn}:5432/${azurerm_postgresql_flexible_server_database.this.name}" }
}
