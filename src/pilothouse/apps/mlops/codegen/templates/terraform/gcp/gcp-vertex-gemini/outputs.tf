output "grants" {
  description = "What a workload may do with the model."
  value       = [{ kind = "project", resource = var.project_id, role = "roles/aiplatform.user" }]
}

output "settings" {
  description = "Environment of the workloads that ask the model."
  value       = { LLM_URI = "vertex://${var.project_id}/${var.region}/${var.model}" }
}
