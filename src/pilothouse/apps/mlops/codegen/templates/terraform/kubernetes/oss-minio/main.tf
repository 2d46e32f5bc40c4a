# Object storage: erasure-coded over several nodes; root credentials come from a secret made outside Terraform.

module "nodes" {
  source = "../stateful"

  name             = var.name
  namespace        = var.namespace
  labels           = var.labels
  app              = "storage"
  image            = "quay.io/minio/minio:RELEASE.2025-04-22T22-12-26Z"
  args             = ["server", "http://storage-{0...${max(4, var.nodes) - 1}}.storage-nodes.${var.namespace}.svc:9000/data"]
  port             = 9000
  metrics_port     = 9000
  nodes            = max(4, var.nodes)
  cpu              = var.cpu
  memory_mb        = var.memory_mb
  storage_gb       = ceil(var.storage_gb / max(2, max(4, var.nodes) / 2))
  storage_class    = var.storage_class
  secrets          = ["storage-root"]
  allow_from       = ["drift", "index", "registry", "score", "service", "training"]
  allow_namespaces = [var.monitoring_namespace]

  settings = {
    MINIO_PROMETHEUS_AUTH_TYPE = "public"
    MINIO_KMS_AUTO_ENCRYPTION  = "on"
  }
}

# The bucket, its versions and the life of raw data, set once after every change.
resource "kubernetes_job_v1" "bucket" {
  metadata {
    name      = "storage-bucket-${substr(sha256(jsonencode([var.retention_days])), 0, 8)}"
    namespace = var.namespace
    labels    = var.labels
  }

  wait_for_completion = false

  spec {
    backoff_limit = 10

    template {
      metadata {
        labels = merge(var.labels, { "app.kubernetes.io/name" = "storage", "app.kubernetes.io/part-of" = var.name })
      }

      spec {
        restart_policy                  = "OnFailure"
        automount_service_account_token = false

        security_context {
          run_as_non_root = true
          run_as_user     = 10001

          seccomp_profile {
            type = "RuntimeDefault"
          }
        }

        container {
          name    = "mc"
          image   = "quay.io/minio/mc:RELEASE.2025-04-16T18-13-26Z"
          command = ["/bin/sh", "-ec"]

          args = [join(" && ", [
            "mc alias set main http://${module.nodes.host}:9000 \"$MINIO_ROOT_USER\" \"$MINIO_ROOT_PASSWORD\"",
            "mc mb --ignore-existing main/${var.name}",
            "mc version enable main/${var.name}",
            "mc ilm rule add --prefix raw/ --expire-days ${var.retention_days} main/${var.name}",
          ])]

          env {
            name  = "MC_CONFIG_DIR"
            value = "/tmp/mc"
          }

          env_from {
            secret_ref {
              name = "storage-root"
            }
          }

          resources {
            requests = { cpu = "50m", memory = "64Mi" }
            limits   = { memory = "128Mi" }
          }

          security_context {
            allow_privilege_escalation = false
            read_only_root_filesystem  = true

            capabilities {
              drop = ["ALL"]
            }
          }

          volume_mount {
            name       = "tmp"
            mount_path = "/tmp"
          }
        }

        volume {
          name = "tmp"

          empty_dir {}
        }
      }
    }
  }
}
