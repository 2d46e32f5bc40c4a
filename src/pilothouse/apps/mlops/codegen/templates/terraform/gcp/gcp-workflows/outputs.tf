output "workflow_ids" {
  description = "Workflows by pipeline."
  value       = { for name, workflow in google_workflows_workflow.this : name => workflow.id }
}
