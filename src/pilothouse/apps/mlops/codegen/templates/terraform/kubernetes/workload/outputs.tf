output "host" {
  description = "Name of the service inside the cluster."
  value       = "${kubernetes_service_v1.this.metadata[0].name}.${var.namespace}.svc"
}

output "service" {
  description = "Name of the Kubernetes service."
  value       = kubernetes_service_v1.this.metadata[0].name
}
