output "table_arn" {
  description = "ARN of the feature table."
  value       = aws_dynamodb_table.this.arn
}

output "settings" {
  description = "Environment of the workloads that read features."
  value       = { ONLINE_STORE_URI = "dynamodb://${aws_dynamodb_table.this.name}" }
}
