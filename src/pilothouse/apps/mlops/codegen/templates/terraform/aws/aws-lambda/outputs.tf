output "security_group_id" {
  description = "Security group of the function."
  value       = aws_security_group.this.id
}

output "function_arn" {
  description = "Alias that the gateway calls."
  value       = aws_lambda_alias.live.arn
}

output "deployment" {
  description = "What continuous delivery updates."
  value       = { function = aws_lambda_function.this.function_name }
}

output "deployment_arns" {
  description = "Resources that continuous delivery may update."
  value       = [aws_lambda_function.this.arn, "${aws_lambda_function.this.arn}:*"]
}

output "role_arns" {
  description = "Roles that continuous delivery may pass on to the service."
  value       = [module.role.arn]
}
