output "settings" {
  description = "Environment of the workloads that register models."
  value       = { MLFLOW_TRACKING_URI = "http://${module.server.host}:5000" }
}
