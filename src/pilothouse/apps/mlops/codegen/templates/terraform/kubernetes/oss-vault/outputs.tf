output "settings" {
  description = "Environment of the workloads that read secrets."
  value       = { API_KEYS_SECRET = "vault:secret/data/${var.name}/api-keys" }
}
