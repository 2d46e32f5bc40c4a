output "policy_document" {
  description = "What a workload may do with the database."
  value       = data.aws_iam_policy_document.access.json
}

output "settings" {
  description = "Environment of the workloads that search vectors."
  value = {
    VECTOR_STORE_URI = "postgresql+rds://service@${aws_db_instance.this.address}:${aws_db_instance.this.port}/${aws_db_instance.this.db_name}"
  }
}
