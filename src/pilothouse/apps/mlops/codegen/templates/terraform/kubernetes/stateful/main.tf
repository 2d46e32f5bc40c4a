# A stateful service: one encrypted volume per pod, hardened pods, a disruption budget, traffic by name only.

locals {
  selector = {
    "app.kubernetes.io/name"    = var.app
    "app.kubernetes.io/part-of" = var.name
  }
}

resource "kubernetes_service_account_v1" "this" {
  metadata {
    name      = var.app
    namespace = var.namespace
    labels    = var.labels
  }

  automount_service_account_token = false
}

resource "kubernetes_config_map_v1" "this" {
  metadata {
    name      = "${var.app}-files"
    namespace = var.namespace
    labels    = var.labels
  }

  data = var.files
}

resource "kubernetes_stateful_set_v1" "this" {
  metadata {
    name      = var.app
    namespace = var.namespace
    labels    = merge(var.labels, local.selector)
  }

  spec {
    service_name          = "${var.app}-nodes"
    replicas              = var.nodes
    pod_management_policy = "Parallel"

    selector {
      match_labels = local.selector
    }

    template {
      metadata {
        labels = merge(var.labels, local.selector)

        annotations = merge(
          { "checksum/files" = sha256(jsonencode(var.files)) },
          var.metrics_port == 0 ? {} : {
            "prometheus.io/scrape" = "true"
            "prometheus.io/port"   = tostring(var.metrics_port)
          },
        )
      }

      spec {
        service_account_name             = kubernetes_service_account_v1.this.metadata[0].name
        automount_service_account_token  = false
        termination_grace_period_seconds = 120

        security_context {
          run_as_non_root = true
          run_as_user     = var.run_as_user
          run_as_group    = var.run_as_user
          fs_group        = var.run_as_user

          seccomp_profile {
            type = "RuntimeDefault"
          }
        }

        affinity {
          pod_anti_affinity {
            preferred_during_scheduling_ignored_during_execution {
              weight = 100

              pod_affinity_term {
                topology_key = "kubernetes.io/hostname"

                label_selector {
                  match_labels = local.selector
                }
              }
            }
          }
        }

        container {
          name    = var.app
          image   = var.image
          command = var.command
          args    = var.args

          port {
            name           = "main"
            container_port = var.port
          }

          dynamic "env" {
            for_each = var.settings

            content {
              name  = env.key
              value = env.value
            }
          }

          dynamic "env_from" {
            for_each = var.secrets

            content {
              secret_ref {
                name = env_from.value
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

          readiness_probe {
            initial_delay_seconds = 5
            period_seconds        = 10

            tcp_socket {
              port = "main"
            }
          }

          volume_mount {
            name       = "data"
            mount_path = var.data_path
          }

          volume_mount {
            name       = "tmp"
            mount_path = "/tmp"
          }

          volume_mount {
            name       = "files"
            mount_path = "/etc/system"
            read_only  = true
          }
        }

        volume {
          name = "tmp"

          empty_dir {
            size_limit = "1Gi"
          }
        }

        volume {
          name = "files"

          config_map {
            name = kubernetes_config_map_v1.this.metadata[0].name
          }
        }
      }
    }

    volume_claim_template {
      metadata {
        name   = "data"
        labels = var.labels
      }

      spec {
        access_modes       = ["ReadWriteOnce"]
        storage_class_name = var.storage_class

        resources {
          requests = { storage = "${max(1, var.storage_gb)}Gi" }
        }
      }
    }
  }
}

resource "kubernetes_service_v1" "nodes" {
  metadata {
    name      = "${var.app}-nodes"
    namespace = var.namespace
    labels    = merge(var.labels, local.selector)
  }

  spec {
    cluster_ip                  = "None"
    publish_not_ready_addresses = true
    selector                    = local.selector

    port {
      name        = "main"
      port        = var.port
      target_port = "main"
    }
  }
}

resource "kubernetes_service_v1" "this" {
  metadata {
    name      = var.app
    namespace = var.namespace
    labels    = merge(var.labels, local.selector)
  }

  spec {
    selector = local.selector

    port {
      name        = "main"
      port        = var.port
      target_port = "main"
    }
  }
}

resource "kubernetes_pod_disruption_budget_v1" "this" {
  count = var.nodes > 1 ? 1 : 0

  metadata {
    name      = var.app
    namespace = var.namespace
    labels    = var.labels
  }

  spec {
    max_unavailable = "1"

    selector {
      match_labels = local.selector
    }
  }
}

resource "kubernetes_network_policy_v1" "this" {
  metadata {
    name      = var.app
    namespace = var.namespace
    labels    = var.labels
  }

  spec {
    policy_types = ["Ingress", "Egress"]

    pod_selector {
      match_labels = local.selector
    }

    ingress {
      ports {
        port     = tostring(var.port)
        protocol = "TCP"
      }

      dynamic "from" {
        for_each = concat([var.app], var.allow_from)

        content {
          pod_selector {
            match_labels = { "app.kubernetes.io/name" = from.value }
          }
        }
      }

      dynamic "from" {
        for_each = var.allow_namespaces

        content {
          namespace_selector {
            match_labels = { "kubernetes.io/metadata.name" = from.value }
          }
        }
      }
    }

    # Nodes among themselves, on every port they use.
    ingress {
      from {
        pod_selector {
          match_labels = local.selector
        }
      }
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
