# Vector search with Qdrant; its key comes from a secret made outside Terraform.

module "nodes" {
  source = "../stateful"

  name          = var.name
  namespace     = var.namespace
  labels        = var.labels
  app           = "vector-store"
  image         = "qdrant/qdrant:v1.15.4-unprivileged"
  args          = ["--uri", "http://vector-store-0.vector-store-nodes.${var.namespace}.svc:6335"]
  command       = ["./entrypoint.sh"]
  port          = 6333
  metrics_port  = 6333
  nodes         = max(1, var.nodes)
  cpu           = var.cpu
  memory_mb     = var.memory_mb
  storage_gb    = var.storage_gb
  storage_class = var.storage_class
  data_path     = "/qdrant/storage"
  run_as_user   = 1000
  secrets       = ["vector-store-key"]
  allow_from    = ["drift", "index", "service"]

  settings = {
    QDRANT__CLUSTER__ENABLED        = tostring(var.nodes > 1)
    QDRANT__STORAGE__SNAPSHOTS_PATH = "/qdrant/storage/snapshots"
    QDRANT__STORAGE__TEMP_PATH      = "/tmp"
    QDRANT__TELEMETRY_DISABLED      = "true"
    QDRANT_INIT_FILE_PATH           = "/tmp/.initialized"
  }
}
