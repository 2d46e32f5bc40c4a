# Airflow with one pod per task; DAGs are synchronised from this repository.

resource "helm_release" "this" {
  name       = "airflow"
  namespace  = var.namespace
  repository = "https://airflow.apache.org"
  chart      = "airflow"
  version    = "1.18.0"
  timeout    = 900

  values = [yamlencode({
    executor                     = "KubernetesExecutor"
    labels                       = { "app.kubernetes.io/part-of" = var.name }
    uid                          = 50000
    webserverSecretKeySecretName = "airflow-webserver"
    fernetKeySecretName          = "airflow-fernet"
    data                         = { metadataSecretName = "airflow-metadata" }
    postgresql                   = { enabled = false }
    securityContexts = {
      pod        = { runAsUser = 50000, runAsNonRoot = true, fsGroup = 0, seccompProfile = { type = "RuntimeDefault" } }
      containers = { allowPrivilegeEscalation = false, capabilities = { drop = ["ALL"] } }
    }
    scheduler = {
      replicas            = max(1, var.replicas)
      resources           = { requests = { cpu = "${floor(var.cpu * 1000)}m", memory = "${var.memory_mb}Mi" }, limits = { memory = "${var.memory_mb}Mi" } }
      podDisruptionBudget = { enabled = var.replicas > 1 }
    }
    dags = {
      gitSync = {
        enabled           = true
        repo              = "https://github.com/${var.github_repository}.git"
        branch            = "main"
        subPath           = "orchestration/dags"
        depth             = 1
        credentialsSecret = "airflow-git"
      }
    }
    env = [
      { name = "PIPELINE_TRAINING", value = jsonencode(var.training_tasks) },
      { name = "PIPELINE_SCORING", value = jsonencode(var.scoring_tasks) },
      { name = "PIPELINE_INDEXING", value = jsonencode(var.index_tasks) },
      { name = "RETRAINING_SCHEDULE", value = var.retraining_cron },
      { name = "SCORING_SCHEDULE", value = var.scoring_cron },
      { name = "PIPELINE_NAMESPACE", value = var.namespace },
    ]
  })]
}

resource "kubernetes_network_policy_v1" "this" {
  metadata {
    name      = "airflow"
    namespace = var.namespace
    labels    = var.labels
  }

  spec {
    policy_types = ["Ingress", "Egress"]

    pod_selector {
      match_labels = { release = "airflow" }
    }

    ingress {
      from {
        pod_selector {
          match_labels = { release = "airflow" }
        }
      }

      from {
        namespace_selector {
          match_labels = { "kubernetes.io/metadata.name" = var.ingress_namespace }
        }
      }
    }

    # Its database, the Kubernetes API and the Git server.
    egress {
      to {
        ip_block {
          cidr = "0.0.0.0/0"
        }
      }

      ports {
        port     = "443"
        protocol = "TCP"
      }

      ports {
        port     = "5432"
        protocol = "TCP"
      }

      ports {
        port     = "6443"
        protocol = "TCP"
      }
    }

    egress {
      to {
        pod_selector {
          match_labels = { release = "airflow" }
        }
      }
    }
  }
}
