# Valkey for hot features and answers; its password comes from a secret made outside Terraform.

module "nodes" {
  source = "../stateful"

  name          = var.name
  namespace     = var.namespace
  labels        = var.labels
  app           = "cache"
  image         = "valkey/valkey:8.1.3-alpine"
  command       = ["/bin/sh", "-ec"]
  args          = ["exec valkey-server /etc/system/valkey.conf --requirepass \"$CACHE_PASSWORD\" --masterauth \"$CACHE_PASSWORD\""]
  port          = 6379
  nodes         = 1
  cpu           = var.cpu
  memory_mb     = var.memory_mb
  storage_gb    = max(1, ceil(var.memory_mb / 512))
  storage_class = var.storage_class
  run_as_user   = 999
  secrets       = ["cache-access"]
  allow_from    = ["feature-store", "service", "training", "update-features"]

  files = {
    "valkey.conf" = join("\n", [
      "dir /data",
      "appendonly yes",
      "maxmemory ${floor(var.memory_mb * 0.75)}mb",
      "maxmemory-policy allkeys-lfu",
      "protected-mode yes",
      "",
    ])
  }
}
