output "log_workspace_id" {
  description = "Workspace of the logs."
  value       = azurerm_log_analytics_workspace.this.id
}

output "action_group_id" {
  description = "Group that alerts go to."
  value       = azurerm_monitor_action_group.this.id
}

output "settings" {
  description = "Environment of the workloads that report metrics."
  value       = { METRICS_NAMESPACE = var.name }
}
