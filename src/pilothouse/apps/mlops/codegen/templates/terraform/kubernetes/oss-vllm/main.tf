# One open-weight model on GPUs behind an OpenAI-compatible API that only the service may call.

module "server" {
  source = "../workload"

  name            = var.name
  namespace       = var.namespace
  labels          = var.labels
  app             = "llm"
  image           = "vllm/vllm-openai:v0.10.2"
  args            = ["--model", var.model, "--port", "8000", "--max-model-len", "8192", "--download-dir", "/tmp/models"]
  port            = 8000
  metrics_port    = 8000
  replicas        = max(1, var.replicas)
  max_replicas    = max(1, var.replicas, var.max_replicas)
  cpu             = var.cpu
  memory_mb       = var.memory_mb
  gpu             = max(1, var.gpu)
  scratch         = "100Gi"
  health_path     = "/health"
  ready_path      = "/health"
  startup_seconds = 1200
  allow_from      = ["drift", "index", "service"]
  internet        = true # Downloads the weights once per pod.

  settings = {
    HOME                = "/tmp"
    VLLM_NO_USAGE_STATS = "1"
    DO_NOT_TRACK        = "1"
  }
}
