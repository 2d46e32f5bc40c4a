# PostgreSQL with pgvector, run by CloudNativePG: replicas, failover, TLS, backups.

resource "helm_release" "operator" {
  name       = "cloudnative-pg"
  namespace  = var.namespace
  repository = "https://cloudnative-pg.github.io/charts"
  chart      = "cloudnative-pg"
  version    = "0.26.0"

  values = [yamlencode({
    config    = { clusterWide = false }
    resources = { requests = { cpu = "100m", memory = "128Mi" }, limits = { memory = "256Mi" } }
  })]
}

module "manifests" {
  source = "../manifests"

  release   = "vectors"
  namespace = var.namespace
  manifests = [
    {
      apiVersion = "postgresql.cnpg.io/v1"
      kind       = "Cluster"
      metadata   = { name = "vectors" }
      spec = {
        instances             = max(1, var.nodes)
        imageName             = "ghcr.io/cloudnative-pg/postgresql:17.6"
        enablePDB             = true
        primaryUpdateStrategy = "unsupervised"
        storage               = { size = "${var.storage_gb}Gi", storageClass = var.storage_class }
        resources             = { requests = { cpu = "${floor(var.cpu * 1000)}m", memory = "${var.memory_mb}Mi" }, limits = { memory = "${var.memory_mb}Mi" } }
        inheritedMetadata     = { labels = { "app.kubernetes.io/name" = "vector-store", "app.kubernetes.io/part-of" = var.name } }
        monitoring            = { enablePodMonitor = true }
        bootstrap = {
          initdb = {
            database               = "vectors"
            owner                  = "service"
            postInitApplicationSQL = ["CREATE EXTENSION IF NOT EXISTS vector"]
          }
        }
      }
    },
    {
      apiVersion = "networking.k8s.io/v1"
      kind       = "NetworkPolicy"
      metadata   = { name = "vector-store" }
      spec = {
        podSelector = { matchLabels = { "cnpg.io/cluster" = "vectors" } }
        policyTypes = ["Ingress", "Egress"]
        ingress = [{
          from  = [for app in ["drift", "index", "service"] : { podSelector = { matchLabels = { "app.kubernetes.io/name" = app } } }]
          ports = [{ port = 5432, protocol = "TCP" }]
          }, {
          from = [{ podSelector = { matchLabels = { "app.kubernetes.io/name" = "cloudnative-pg" } } }, { podSelector = { matchLabels = { "cnpg.io/cluster" = "vectors" } } }]
        }]
        egress = [{ to = [{ podSelector = { matchLabels = { "cnpg.io/cluster" = "vectors" } } }] }, { ports = [{ port = 443, protocol = "TCP" }, { port = 6443, protocol = "TCP" }] }]
      }
    },
  ]

  depends_on = [helm_release.operator]
}
