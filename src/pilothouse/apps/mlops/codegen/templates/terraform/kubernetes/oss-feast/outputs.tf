output "settings" {
  description = "Environment of the workloads that read features."
  value       = { ONLINE_STORE_URI = "feast+http://${module.server.host}:6566" }
}
