output "deploy_identity" {
  description = "Set as the repository variable DEPLOY_IDENTITY."
  value       = azurerm_user_assigned_identity.deploy.client_id
}
