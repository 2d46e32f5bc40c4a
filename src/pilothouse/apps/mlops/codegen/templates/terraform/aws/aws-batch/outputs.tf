output "task" {
  description = "Step of a state machine that trains and registers a candidate."
  value = jsonencode({
    Name     = "Train"
    Resource = "arn:aws:states:::batch:submitJob.sync"
    Parameters = {
      JobName       = "${var.name}-train"
      JobQueue      = aws_batch_job_queue.this.arn
      JobDefinition = aws_batch_job_definition.this.arn
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
