output "security_group_id" {
  description = "Security group of the endpoint."
  value       = aws_security_group.this.id
}

output "endpoint_name" {
  description = "Name of the endpoint."
  value       = aws_sagemaker_endpoint.this.name
}

output "function_arn" {
  description = "Function that the gateway calls."
  value       = aws_lambda_function.invoker.arn
}

output "deployment" {
  description = "What continuous delivery updates."
  value       = { endpoint = aws_sagemaker_endpoint.this.name }
}

output "deployment_arns" {
  description = "Resources that continuous delivery may update."
  value       = [aws_sagemaker_endpoint.this.arn, aws_lambda_function.invoker.arn]
}

output "role_arns" {
  description = "Roles that continuous delivery may pass on to the service."
  value       = [module.role.arn]
}
