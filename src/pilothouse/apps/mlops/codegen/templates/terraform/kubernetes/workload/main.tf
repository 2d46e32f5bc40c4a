# A stateless service: hardened pods, scaling, a disruption budget, and traffic by name only.

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

resource "kubernetes_deployment_v1" "this" {
  metadata {
    name      = var.app
    namespace = var.namespace
    labels    = merge(var.labels, local.selector)
  }

  spec {
    replicas = var.replicas

    selector {
      match_labels = local.selector
    }

    strategy {
      type = "RollingUpdate"

      rolling_update {
        max_surge       = "1"
        max_unavailable = "0"
      }
    }

    template {
      metadata {
        labels = merge(var.labels, local.selector)

        annotations = var.metrics_port == 0 ? {} : {
          "prometheus.io/scrape" = "true"
          "prometheus.io/port"   = tostring(var.metrics_port)
        }
      }

      spec {
        service_account_name             = kubernetes_service_account_v1.this.metadata[0].name
        automount_service_account_token  = false
        termination_grace_period_seconds = 60

        security_context {
          run_as_non_root = true
          run_as_user     = var.run_as_user
          run_as_group    = var.run_as_user
          fs_group        = var.run_as_user

          seccomp_profile {
            type = "RuntimeDefault"
          }
        }

        topology_spread_constraint {
          max_skew           = 1
          topology_key       = "topology.kubernetes.io/zone"
          when_unsatisfiable = "ScheduleAnyway"

          label_selector {
            match_labels = local.selector
          }
        }

        container {
          name    = var.app
          image   = var.image
          command = var.command
          args    = var.args

          port {
            name           = "http"
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
                name     = env_from.value
                optional = true
              }
            }
          }

          resources {
            requests = { cpu = "${floor(var.cpu * 1000)}m", memory = "${var.memory_mb}Mi" }
            limits   = merge({ memory = "${var.memory_mb}Mi" }, var.gpu > 0 ? { "nvidia.com/gpu" = tostring(var.gpu) } : {})
          }

          security_context {
            allow_privilege_escalation = false
            read_only_root_filesystem  = true

            capabilities {
              drop = ["ALL"]
            }
          }

          startup_probe {
            period_seconds    = 5
            failure_threshold = var.startup_seconds / 5

            http_get {
              path = var.health_path
              port = "http"
            }
          }

          readiness_probe {
            period_seconds = 10

            http_get {
              path = var.ready_path
              port = "http"
            }
          }

          liveness_probe {
            period_seconds    = 15
            failure_threshold = 4

            http_get {
              path = var.health_path
              port = "http"
            }
          }

          volume_mount {
            name       = "tmp"
            mount_path = "/tmp"
          }
        }

        volume {
          name = "tmp"

          empty_dir {
            size_limit = var.scratch
          }
        }
      }
    }
  }

  lifecycle {
    ignore_changes = [spec[0].replicas] # Autoscaling owns it after the first apply.
  }
}

resource "kubernetes_service_v1" "this" {
  metadata {
    name      = var.app
    namespace = var.namespace
    labels    = merge(var.labels, local.selector)
  }

  spec {
    type     = var.node_port == 0 ? "ClusterIP" : "NodePort"
    selector = local.selector

    port {
      name        = "http"
      port        = var.port
      target_port = "http"
      node_port   = var.node_port == 0 ? null : var.node_port
    }
  }
}

resource "kubernetes_horizontal_pod_autoscaler_v2" "this" {
  count = var.max_replicas > var.replicas ? 1 : 0

  metadata {
    name      = var.app
    namespace = var.namespace
    labels    = var.labels
  }

  spec {
    min_replicas = var.replicas
    max_replicas = var.max_replicas

    scale_target_ref {
      api_version = "apps/v1"
      kind        = "Deployment"
      name        = kubernetes_deployment_v1.this.metadata[0].name
    }

    metric {
      type = "Resource"

      resource {
        name = "cpu"

        target {
          type                = "Utilization"
          average_utilization = 60
        }
      }
    }
  }
}

resource "kubernetes_pod_disruption_budget_v1" "this" {
  count = var.replicas > 1 ? 1 : 0

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
        for_each = var.allow_from

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

      dynamic "from" {
        for_each = var.allow_cidrs

        content {
          ip_block {
            cidr = from.value
          }
        }
      }
    }

    # Everything of this system in the namespace; each of those decides on its own who may come in.
    egress {
      to {
        pod_selector {
          match_labels = { "app.kubernetes.io/part-of" = var.name }
        }
      }
    }

    dynamic "egress" {
      for_each = var.internet ? [443] : []

      content {
        to {
          ip_block {
            cidr = "0.0.0.0/0"
          }
        }

        ports {
          port     = tostring(egress.value)
          protocol = "TCP"
        }
      }
    }
  }
}
