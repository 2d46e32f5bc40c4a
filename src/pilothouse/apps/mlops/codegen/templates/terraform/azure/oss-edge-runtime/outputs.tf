output "device_client_id" {
  description = "Client id that devices sign in with."
  value       = azuread_application.devices.client_id
}
