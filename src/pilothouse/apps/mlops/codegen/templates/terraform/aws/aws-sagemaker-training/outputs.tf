output "task" {
  description = "Step of a state machine that trains and registers a candidate."
  value = jsonencode({
    Name     = "Train"
    Resource = "arn:aws:states:::sagemaker:createTrainingJob.sync"
    Parameters = {
      "TrainingJobName.$" = "States.Format('${var.name}-{}', $$.Execution.Name)"
      RoleArn             = module.role.arn
      AlgorithmSpecification = {
        TrainingImage                    = var.image
        TrainingInputMode                = "File"
        EnableSageMakerMetricsTimeSeries = true
      }
      OutputDataConfig = {
        S3OutputPath = "s3://${var.bucket_name}/models/jobs"
        KmsKeyId     = var.kms_key_arn
      }
      ResourceConfig = {
        InstanceType   = var.instance
        InstanceCount  = var.nodes
        VolumeSizeInGB = var.storage_gb
        VolumeKmsKeyId = var.kms_key_arn
      }
      StoppingCondition                     = { MaxRuntimeInSeconds = 21600 }
      EnableInterContainerTrafficEncryption = true
      VpcConfig = {
        SecurityGroupIds = [aws_security_group.this.id]
        Subnets          = var.private_subnet_ids
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
