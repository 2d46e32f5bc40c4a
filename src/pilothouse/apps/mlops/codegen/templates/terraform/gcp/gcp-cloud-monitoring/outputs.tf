output "notification_channel_id" {
  description = "Channel that carries alerts to people."
  value       = google_monitoring_notification_channel.email.id
}

output "settings" {
  description = "Environment of the workloads that report metrics."
  value       = { METRICS_NAMESPACE = var.name }
}
