output "secret_arns" {
  description = "ARNs of the secrets."
  value       = [for secret in aws_secretsmanager_secret.this : secret.arn]
}

output "settings" {
  description = "Environment of the workloads that read secrets."
  value       = { API_KEYS_SECRET = aws_secretsmanager_secret.this["api-keys"].name }
}
