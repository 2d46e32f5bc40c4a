output "network_id" {
  description = "The network."
  value       = google_compute_network.this.id
}

output "peered_network_id" {
  description = "The network, once managed services can get addresses in it."
  value       = google_compute_network.this.id

  depends_on = [google_service_networking_connection.this]
}

output "subnet_id" {
  description = "The subnet of the region."
  value       = google_compute_subnetwork.this.id
}

output "kms_key_id" {
  description = "Key that encrypts all data, once the service agents may use it."
  value       = google_kms_crypto_key.this.id

  depends_on = [google_kms_crypto_key_iam_member.agents, google_kms_crypto_key_iam_member.storage]
}
