output "security_group_id" {
  description = "Security group of the drift check."
  value       = aws_security_group.this.id
}
