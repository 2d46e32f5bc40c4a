output "settings" {
  description = "Environment of the workloads that hear from devices."
  value       = { STREAM_URI = "mqtts://${module.broker.host}:8883/devices" }
}
