output "grants" {
  description = "What a workload may do with the model."
  value       = [{ scope = azurerm_cognitive_account.this.id, role = "Cognitive Services OpenAI User" }]
}

output "settings" {
  description = "Environment of the workloads that ask the model."
  value       = { LLM_URI = "azure-openai://${azurerm_cognitive_account.this.custom_subdomain_name}.openai.azure.com/${azurerm_cognitive_deployment.this.name}" }
}
