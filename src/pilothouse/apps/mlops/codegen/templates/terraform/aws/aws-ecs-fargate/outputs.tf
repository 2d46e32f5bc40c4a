output "security_group_id" {
  description = "Security group of the service."
  value       = aws_security_group.this.id
}

output "discovery_service_arn" {
  description = "Where a VPC link finds the service."
  value       = aws_service_discovery_service.this.arn
}

output "index_tasks" {
  description = "Steps of a state machine that run jobs with the service's own image and role."
  value = [
    for job in var.jobs : jsonencode({
      Name     = title(job)
      Resource = "arn:aws:states:::ecs:runTask.sync"
      Parameters = {
        Cluster        = aws_ecs_cluster.this.arn
        TaskDefinition = aws_ecs_task_definition.this.arn_without_revision
        LaunchType     = "FARGATE"
        NetworkConfiguration = {
          AwsvpcConfiguration = {
            Subnets        = var.private_subnet_ids
            SecurityGroups = [aws_security_group.this.id]
            AssignPublicIp = "DISABLED"
          }
        }
        Overrides = { ContainerOverrides = [{ Name = "service", Command = [job] }] }
      }
    })
  ]
}

output "index_policies" {
  description = "What a caller needs to run the steps."
  value       = length(var.jobs) > 0 ? [data.aws_iam_policy_document.start.json] : []
}

output "deployment" {
  description = "What continuous delivery updates."
  value       = { cluster = aws_ecs_cluster.this.name, service = aws_ecs_service.this.name, family = aws_ecs_task_definition.this.family }
}

output "deployment_arns" {
  description = "Resources that continuous delivery may update."
  value       = [aws_ecs_service.this.id]
}

output "role_arns" {
  description = "Roles that continuous delivery may pass on to the service."
  value       = [module.role.arn, module.execution_role.arn]
}
