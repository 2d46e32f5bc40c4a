output "settings" {
  description = "Environment of the workloads that search vectors."
  value       = { VECTOR_STORE_URI = "qdrant+http://${module.nodes.host}:6333/passages" }
}

output "secret_names" {
  description = "Kubernetes secret with the key of the store (QDRANT__SERVICE__API_KEY)."
  value       = ["vector-store-key"]
}
