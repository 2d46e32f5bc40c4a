output "permissions_boundary_arn" {
  description = "Boundary of every role of this system."
  value       = aws_iam_policy.boundary.arn
}

output "operator_role_arn" {
  description = "Role of people on call."
  value       = aws_iam_role.operator.arn
}
