output "address" {
  description = "Address to point the service's domain at."
  value       = google_compute_global_address.this.address
}

output "url" {
  description = "Address of the API."
  value       = "https://${var.domain_name}"
}
