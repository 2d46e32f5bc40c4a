output "settings" {
  description = "Environment of the workloads that report metrics."
  value       = { METRICS_NAMESPACE = var.name }
}
