output "security_group_id" {
  description = "Security group of the function."
  value       = aws_security_group.this.id
}

output "function_arn" {
  description = "Alias that the gateway calls."
  value       = aws_lambda_alias.live.arn
}

output "index_tasks" {
  description = "Steps of a state machine that run the jobs."
  value = [
    for name, job in aws_lambda_function.job : jsonencode({
      Name       = title(name)
      Resource   = "arn:aws:states:::lambda:invoke"
      Parameters = { FunctionName = job.arn, Payload = { command = name } }
    })
  ]
}

output "index_policies" {
  description = "What a caller needs to run the steps."
  value       = data.aws_iam_policy_document.start[*].json
}

output "deployment" {
  description = "What continuous delivery updates."
  value       = { function = aws_lambda_function.this.function_name, jobs = join(" ", [for job in aws_lambda_function.job : job.function_name]) }
}

output "deployment_arns" {
  description = "Resources that continuous delivery may update."
  value       = concat([aws_lambda_function.this.arn, "${aws_lambda_function.this.arn}:*"], [for job in aws_lambda_function.job : job.arn])
}

output "role_arns" {
  description = "Roles that continuous delivery may pass on to the service."
  value       = [module.role.arn]
}
