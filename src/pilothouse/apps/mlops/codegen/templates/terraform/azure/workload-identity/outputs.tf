output "id" {
  description = "The identity."
  value       = azurerm_user_assigned_identity.this.id

  depends_on = [azurerm_role_assignment.this, azurerm_role_assignment.read, azurerm_role_assignment.write]
}

output "client_id" {
  description = "Client id, which the workload signs in with."
  value       = azurerm_user_assigned_identity.this.client_id
}

output "principal_id" {
  description = "Object id, which roles are granted to."
  value       = azurerm_user_assigned_identity.this.principal_id
}
