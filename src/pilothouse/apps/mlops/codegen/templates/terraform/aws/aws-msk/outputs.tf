output "stream_arn" {
  description = "The cluster."
  value       = aws_msk_cluster.this.arn
}

output "stream_topics" {
  description = "Topics that a consumer reads."
  value       = ["events"]
}

output "policy_document" {
  description = "What a consumer may do with the topics."
  value       = data.aws_iam_policy_document.access.json
}

output "settings" {
  description = "Environment of the workloads that read events."
  value = {
    STREAM_URI  = "kafka+iam://${aws_msk_cluster.this.bootstrap_brokers_sasl_iam}/events"
    RESULTS_URI = "kafka+iam://${aws_msk_cluster.this.bootstrap_brokers_sasl_iam}/results"
  }
}
