output "deploy_identity" {
  description = "Set as the repository variable DEPLOY_IDENTITY."
  value       = "system:serviceaccount:${var.namespace}:${kubernetes_service_account_v1.deploy.metadata[0].name}"
}
