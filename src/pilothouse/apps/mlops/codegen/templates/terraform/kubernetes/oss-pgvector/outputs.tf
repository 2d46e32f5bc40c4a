output "settings" {
  description = "Environment of the workloads that search vectors."
  value       = { VECTOR_STORE_URI = "postgresql://service@vectors-rw.${var.namespace}.svc:5432/vectors" }
}

output "secret_names" {
  description = "Kubernetes secret with the password of the service."
  value       = ["vectors-app"]
}
