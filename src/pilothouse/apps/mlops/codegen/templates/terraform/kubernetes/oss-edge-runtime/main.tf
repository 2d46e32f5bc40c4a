# The runtime on every device that has joined the cluster; it keeps predicting while the device is offline.

locals {
  selector = {
    "app.kubernetes.io/name"    = "edge"
    "app.kubernetes.io/part-of" = var.name
  }
}

resource "kubernetes_service_account_v1" "this" {
  metadata {
    name      = "edge"
    namespace = var.namespace
    labels    = var.labels
  }

  automount_service_account_token = false
}

resource "kubernetes_daemon_set_v1" "this" {
  metadata {
    name      = "edge"
    namespace = var.namespace
    labels    = merge(var.labels, local.selector)
  }

  spec {
    selector {
      match_labels = local.selector
    }

    # A bad release stops after the first tenth of the devices.
    strategy {
      type = "RollingUpdate"

      rolling_update {
        max_unavailable = "10%"
      }
    }

    min_ready_seconds = 300

    template {
      metadata {
        labels = merge(var.labels, local.selector)
      }

      spec {
        service_account_name            = kubernetes_service_account_v1.this.metadata[0].name
        automount_service_account_token = false
        node_selector                   = { "node-role/edge" = "true" }

        toleration {
          key      = "node-role/edge"
          operator = "Exists"
          effect   = "NoSchedule"
        }

        # A device that lost its network keeps its pod.
        toleration {
          key      = "node.kubernetes.io/unreachable"
          operator = "Exists"
          effect   = "NoExecute"
        }

        security_context {
          run_as_non_root = true
          run_as_user     = 10001
          fs_group        = 10001

          seccomp_profile {
            type = "RuntimeDefault"
          }
        }

        container {
          name  = "edge"
          image = var.image
          args  = var.service_command

          port {
            name           = "http"
            container_port = 8080
          }

          dynamic "env" {
            for_each = merge(var.settings, { EDGE_HOME = "/var/lib/edge" })

            content {
              name  = env.key
              value = env.value
            }
          }

          env {
            name = "DEVICE_ID"

            value_from {
              field_ref {
                field_path = "spec.nodeName"
              }
            }
          }

          dynamic "env_from" {
            for_each = var.secret_names

            content {
              secret_ref {
                name     = env_from.value
                optional = true
              }
            }
          }

          resources {
            requests = { cpu = "${floor(var.cpu * 1000)}m", memory = "${var.memory_mb}Mi" }
            limits   = { memory = "${var.memory_mb}Mi" }
          }

          security_context {
            allow_privilege_escalation = false
            read_only_root_filesystem  = true

            capabilities {
              drop = ["ALL"]
            }
          }

          liveness_probe {
            period_seconds = 30

            http_get {
              path = "/health/live"
              port = "http"
            }
          }

          volume_mount {
            name       = "state"
            mount_path = "/var/lib/edge"
          }

          volume_mount {
            name       = "tmp"
            mount_path = "/tmp"
          }
        }

        # The offline queue and the last good model outlive the pod; the folder is made by the device's image.
        volume {
          name = "state"

          host_path {
            path = "/var/lib/edge"
            type = "Directory"
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

resource "kubernetes_network_policy_v1" "this" {
  metadata {
    name      = "edge"
    namespace = var.namespace
    labels    = var.labels
  }

  spec {
    policy_types = ["Ingress", "Egress"]

    pod_selector {
      match_labels = local.selector
    }

    egress {
      to {
        pod_selector {
          match_labels = { "app.kubernetes.io/part-of" = var.name }
        }
      }
    }
  }
}
