output "grants" {
  description = "What a workload may do with the secrets."
  value = [
    for secret in google_secret_manager_secret.this :
    { kind = "secret", resource = secret.id, role = "roles/secretmanager.secretAccessor" }
  ]
}

output "settings" {
  description = "Environment of the workloads that read secrets."
  value       = { API_KEYS_SECRET = google_secret_manager_secret.this["api-keys"].id }
}
