output "target_group_arn" {
  description = "Where the service registers its tasks or nodes."
  value       = aws_lb_target_group.this.arn

  depends_on = [aws_lb_listener_rule.api]
}

output "security_group_id" {
  description = "Security group of the load balancer."
  value       = aws_security_group.this.id
}

output "url" {
  description = "Name to point the service's domain at."
  value       = "https://${aws_lb.this.dns_name}"
}
