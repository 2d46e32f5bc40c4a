output "alarm_topic_arn" {
  description = "Topic that carries alarms to people."
  value       = aws_sns_topic.alarms.arn
}

output "settings" {
  description = "Environment of the workloads that report metrics."
  value       = { METRICS_NAMESPACE = var.name }
}
