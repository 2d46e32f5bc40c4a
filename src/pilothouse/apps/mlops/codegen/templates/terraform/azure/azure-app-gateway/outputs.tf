output "address" {
  description = "Address to point the service's host name at."
  value       = azurerm_public_ip.this.ip_address
}

output "url" {
  description = "Address of the API."
  value       = "https://${var.domain_name}"
}
