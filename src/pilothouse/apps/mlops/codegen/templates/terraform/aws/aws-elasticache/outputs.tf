output "policy_document" {
  description = "What a workload may do with the cache."
  value       = data.aws_iam_policy_document.access.json
}

output "settings" {
  description = "Environment of the workloads that use the cache."
  value       = { CACHE_URI = "rediss+iam://${local.user}@${aws_elasticache_replication_group.this.primary_endpoint_address}:6379/${local.group}" }
}
