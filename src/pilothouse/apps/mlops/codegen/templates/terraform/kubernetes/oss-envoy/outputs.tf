output "url" {
  description = "Address of the API."
  value       = "https://${var.domain_name}"
}
