output "policy_document" {
  description = "What a workload may do with the domain."
  value       = data.aws_iam_policy_document.access.json
}

output "settings" {
  description = "Environment of the workloads that search vectors."
  value       = { VECTOR_STORE_URI = "opensearch+aws://${aws_opensearch_domain.this.endpoint}/passages" }
}
