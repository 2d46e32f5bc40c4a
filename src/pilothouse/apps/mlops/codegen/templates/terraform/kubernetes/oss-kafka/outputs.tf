output "settings" {
  description = "Environment of the workloads that read events."
  value = {
    STREAM_URI  = "kafka://stream-kafka-bootstrap.${var.namespace}.svc:9093/events"
    RESULTS_URI = "kafka://stream-kafka-bootstrap.${var.namespace}.svc:9093/results"
  }
}

output "secret_names" {
  description = "Kubernetes secret with the client certificate of the service."
  value       = ["service"]
}
