# An identity for one workload, with roles on exactly the resources it uses.

resource "azurerm_user_assigned_identity" "this" {
  name                = "${var.name}-${var.purpose}"
  resource_group_name = var.resource_group_name
  location            = var.region
  tags                = var.tags
}

resource "azurerm_role_assignment" "read" {
  for_each = toset(var.read_containers)

  scope                = "${var.storage_account_id}/blobServices/default/containers/${each.key}"
  role_definition_name = "Storage Blob Data Reader"
  principal_id         = azurerm_user_assigned_identity.this.principal_id
  principal_type       = "ServicePrincipal"
}

resource "azurerm_role_assignment" "write" {
  for_each = toset(var.write_containers)

  scope                = "${var.storage_account_id}/blobServices/default/containers/${each.key}"
  role_definition_name = "Storage Blob Data Contributor"
  principal_id         = azurerm_user_assigned_identity.this.principal_id
  principal_type       = "ServicePrincipal"
}

resource "azurerm_role_assignment" "this" {
  count = length(var.grants)

  scope                = var.grants[count.index].scope
  role_definition_name = var.grants[count.index].role
  principal_id         = azurerm_user_assigned_identity.this.principal_id
  principal_type       = "ServicePrincipal"
}
