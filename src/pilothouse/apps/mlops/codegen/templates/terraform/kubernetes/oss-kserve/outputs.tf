output "service_names" {
  description = "Kubernetes services that a gateway routes to."
  value       = ["service-predictor"]

  depends_on = [module.manifests]
}
