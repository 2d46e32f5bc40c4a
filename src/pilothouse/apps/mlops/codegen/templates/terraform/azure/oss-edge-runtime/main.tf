# Devices sign in to Entra with the fleet's certificate: they read models and write reports, nothing else.

resource "azuread_application" "devices" {
  display_name     = "${var.name}-devices"
  sign_in_audience = "AzureADMyOrg"
}

resource "azuread_service_principal" "devices" {
  client_id                    = azuread_application.devices.client_id
  app_role_assignment_required = true
}

resource "azuread_application_certificate" "devices" {
  application_id    = azuread_application.devices.id
  type              = "AsymmetricX509Cert"
  value             = var.device_ca_pem
  end_date_relative = "8760h"
}

resource "azurerm_role_assignment" "read" {
  scope                = "${var.storage_account_id}/blobServices/default/containers/models"
  role_definition_name = "Storage Blob Data Reader"
  principal_id         = azuread_service_principal.devices.object_id
}

resource "azurerm_role_assignment" "write" {
  for_each = toset(["monitoring", "raw"])

  scope                = "${var.storage_account_id}/blobServices/default/containers/${each.key}"
  role_definition_name = "Storage Blob Data Contributor"
  principal_id         = azuread_service_principal.devices.object_id
}

resource "azurerm_role_assignment" "produce" {
  count = length(var.producer_grants)

  scope                = var.producer_grants[count.index].scope
  role_definition_name = var.producer_grants[count.index].role
  principal_id         = azuread_service_principal.devices.object_id
}
