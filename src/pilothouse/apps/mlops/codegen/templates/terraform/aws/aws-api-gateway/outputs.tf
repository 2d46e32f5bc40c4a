output "security_group_id" {
  description = "Security group of the VPC link."
  value       = aws_security_group.link.id
}

output "url" {
  description = "Address of the API."
  value       = aws_apigatewayv2_api.this.api_endpoint
}
