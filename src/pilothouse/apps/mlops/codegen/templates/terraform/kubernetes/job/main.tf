# A scheduled job of the system's own image, as hardened as its services.

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

resource "kubernetes_cron_job_v1" "this" {
  metadata {
    name      = var.app
    namespace = var.namespace
    labels    = merge(var.labels, local.selector)
  }

  spec {
    schedule                      = var.schedule
    timezone                      = "Etc/UTC"
    concurrency_policy            = "Forbid"
    suspend                       = var.suspend
    successful_jobs_history_limit = 3
    failed_jobs_history_limit     = 3
    starting_deadline_seconds     = 3600

    job_template {
      metadata {
        labels = local.selector
      }

      spec {
        backoff_limit              = 2
        active_deadline_seconds    = 21600
        ttl_seconds_after_finished = 86400

        template {
          metadata {
            labels = merge(var.labels, local.selector)
          }

          spec {
            service_account_name            = kubernetes_service_account_v1.this.metadata[0].name
            automount_service_account_token = false
            restart_policy                  = "Never"

            security_context {
              run_as_non_root = true
              run_as_user     = 10001
              run_as_group    = 10001

              seccomp_profile {
                type = "RuntimeDefault"
              }
            }

            container {
              name  = var.app
              image = var.image
              args  = var.args

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

              volume_mount {
                name       = "tmp"
                mount_path = "/tmp"
              }
            }

            volume {
              name = "tmp"

              empty_dir {
                size_limit = "10Gi"
              }
            }
          }
        }
      }
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

    egress {
      to {
        pod_selector {
          match_labels = { "app.kubernetes.io/part-of" = var.name }
        }
      }
    }
  }
}
