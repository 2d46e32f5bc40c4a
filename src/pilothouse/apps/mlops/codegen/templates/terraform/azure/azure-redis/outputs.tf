output "settings" {
  description = "Environment of the workloads that use the cache."
  value       = { CACHE_URI = "rediss+entra://${azurerm_redis_cache.this.hostname}:${azurerm_redis_cache.this.ssl_port}" }
}
