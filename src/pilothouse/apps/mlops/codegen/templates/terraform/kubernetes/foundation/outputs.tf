output "namespace" {
  description = "Namespace of the system."
  value       = kubernetes_namespace_v1.this.metadata[0].name

  depends_on = [kubernetes_network_policy_v1.deny, kubernetes_network_policy_v1.dns]
}
