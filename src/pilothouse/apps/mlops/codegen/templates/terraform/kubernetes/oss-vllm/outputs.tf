output "settings" {
  description = "Environment of the workloads that ask the model."
  value       = { LLM_URI = "openai+http://${module.server.host}:8000/v1#${var.model}" }
}
