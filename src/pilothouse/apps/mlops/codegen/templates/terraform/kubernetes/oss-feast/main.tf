# Feast's feature server: training and serving read the same features; values live in the cache.

module "server" {
  source = "../workload"

  name         = var.name
  namespace    = var.namespace
  labels       = var.labels
  app          = "feature-store"
  image        = "quay.io/feastdev/feature-server:0.54.0"
  args         = ["feast", "serve", "-h", "0.0.0.0", "-p", "6566", "--metrics"]
  port         = 6566
  metrics_port = 8000
  replicas     = var.replicas
  max_replicas = max(var.replicas, var.max_replicas)
  cpu          = var.cpu
  memory_mb    = var.memory_mb
  health_path  = "/health"
  ready_path   = "/health"
  secrets      = var.secret_names
  allow_from   = ["score", "service", "training", "update-features"]

  settings = {
    FEAST_USAGE = "False"
    HOME        = "/tmp"
    PROJECT     = replace(var.name, "-", "_")
  }
}
