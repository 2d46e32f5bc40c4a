output "operator_role_id" {
  description = "Role of people on call."
  value       = azurerm_role_definition.operator.role_definition_resource_id
}
