output "vault_id" {
  description = "The vault."
  value       = azurerm_key_vault.this.id
}

output "grants" {
  description = "What a workload may do with the secrets."
  value       = [{ scope = azurerm_key_vault.this.id, role = "Key Vault Secrets User" }]
}

output "settings" {
  description = "Environment of the workloads that read secrets."
  value       = { API_KEYS_SECRET = "${azurerm_key_vault.this.vault_uri}secrets/api-keys" }
}
