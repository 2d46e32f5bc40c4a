output "policy_document" {
  description = "What a workload may do with the model."
  value       = data.aws_iam_policy_document.access.json
}

output "settings" {
  description = "Environment of the workloads that ask the model."
  value = {
    LLM_URI           = "bedrock://${data.aws_region.current.region}/${var.model}"
    GUARDRAIL_ID      = aws_bedrock_guardrail.this.guardrail_id
    GUARDRAIL_VERSION = aws_bedrock_guardrail_version.this.version
  }
}
