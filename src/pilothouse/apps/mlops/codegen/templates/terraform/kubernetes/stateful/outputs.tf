output "host" {
  description = "Name of the service inside the cluster."
  value       = "${kubernetes_service_v1.this.metadata[0].name}.${var.namespace}.svc"
}

output "nodes_host" {
  description = "Name under which single pods are found."
  value       = "${kubernetes_service_v1.nodes.metadata[0].name}.${var.namespace}.svc"
}
