output "settings" {
  description = "Environment of the workloads that use the cache."
  value       = { CACHE_URI = "redis://${module.nodes.host}:6379" }
}

output "secret_names" {
  description = "Kubernetes secret with the password of the cache (CACHE_PASSWORD)."
  value       = ["cache-access"]
}
