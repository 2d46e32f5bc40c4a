output "scoring_task" {
  description = "Step of a state machine that scores one partition."
  value = jsonencode({
    Name     = "Score"
    Resource = "arn:aws:states:::sagemaker:createProcessingJob.sync"
    Parameters = {
      "ProcessingJobName.$" = "States.Format('${var.name}-{}', $$.Execution.Name)"
      RoleArn               = module.role.arn
      AppSpecification = {
        ImageUri               = var.image
        "ContainerArguments.$" = "States.Array('score', '--at', $.scheduled)"
      }
      ProcessingResources = {
        ClusterConfig = {
          InstanceType   = var.instance
          InstanceCount  = var.nodes
          VolumeSizeInGB = var.storage_gb
          VolumeKmsKeyId = var.kms_key_arn
        }
      }
      StoppingCondition = { MaxRuntimeInSeconds = 21600 }
      NetworkConfig = {
        EnableInterContainerTrafficEncryption = true
        VpcConfig                             = { SecurityGroupIds = [aws_security_group.this.id], Subnets = var.private_subnet_ids }
      }
      Environment = var.settings
    }
  })
}

output "task_policy" {
  description = "What a caller needs to run the step."
  value       = data.aws_iam_policy_document.start.json
}

output "security_group_id" {
  description = "Security group of the jobs."
  value       = aws_security_group.this.id
}

output "role_arns" {
  description = "Roles that continuous delivery may pass on to the job."
  value       = [module.role.arn]
}
