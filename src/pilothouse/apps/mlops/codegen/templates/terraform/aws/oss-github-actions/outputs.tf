output "deploy_identity" {
  description = "Set as the repository variable DEPLOY_IDENTITY."
  value       = aws_iam_role.deploy.arn
}
