output "grants" {
  description = "What a workload may do with the cache's password."
  value       = [{ kind = "secret", resource = google_secret_manager_secret.auth.id, role = "roles/secretmanager.secretAccessor" }]
}

output "settings" {
  description = "Environment of the workloads that use the cache."
  value = {
    CACHE_URI         = "rediss+gcp://${google_redis_instance.this.host}:${google_redis_instance.this.port}"
    CACHE_AUTH_SECRET = google_secret_manager_secret_version.auth.name
  }
}
