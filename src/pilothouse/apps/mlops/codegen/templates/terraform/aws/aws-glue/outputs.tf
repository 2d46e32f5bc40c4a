output "task" {
  description = "Step of a state machine that runs the feature job."
  value = jsonencode({
    Name       = "Features"
    Resource   = "arn:aws:states:::glue:startJobRun.sync"
    Parameters = { JobName = aws_glue_job.features.name }
  })
}

output "task_policy" {
  description = "What a caller needs to run the step."
  value       = data.aws_iam_policy_document.start.json
}

output "database_name" {
  description = "Catalogue database of the feature tables."
  value       = aws_glue_catalog_database.this.name
}
