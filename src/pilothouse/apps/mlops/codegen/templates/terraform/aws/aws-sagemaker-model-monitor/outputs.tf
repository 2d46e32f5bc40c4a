output "schedule_name" {
  description = "Name of the monitoring schedule."
  value       = aws_sagemaker_monitoring_schedule.this.name
}
