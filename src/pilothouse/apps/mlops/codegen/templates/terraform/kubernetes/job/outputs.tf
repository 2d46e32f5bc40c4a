output "task" {
  description = "The job as a step of a pipeline."
  value = jsonencode({
    name            = var.app
    image           = var.image
    args            = var.args
    service_account = kubernetes_service_account_v1.this.metadata[0].name
    settings        = var.settings
    secrets         = var.secrets
    cpu             = "${floor(var.cpu * 1000)}m"
    memory          = "${var.memory_mb}Mi"
    gpu             = var.gpu
  })
}
