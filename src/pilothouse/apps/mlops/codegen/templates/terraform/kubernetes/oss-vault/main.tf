# Vault with integrated storage; its injector puts secrets into pods, so that none enters Terraform's state.

resource "helm_release" "this" {
  name       = "vault"
  namespace  = var.namespace
  repository = "https://helm.releases.hashicorp.com"
  chart      = "vault"
  version    = "0.30.1"

  values = [yamlencode({
    global = { tlsDisable = false }
    injector = {
      replicas            = var.high_availability ? 2 : 1
      podDisruptionBudget = var.high_availability ? { maxUnavailable = 1 } : {}
    }
    server = {
      extraLabels  = { "app.kubernetes.io/part-of" = var.name }
      resources    = { requests = { cpu = "${floor(var.cpu * 1000)}m", memory = "${var.memory_mb}Mi" }, limits = { memory = "${var.memory_mb}Mi" } }
      dataStorage  = { size = "${max(1, var.storage_gb)}Gi", storageClass = var.storage_class }
      auditStorage = { enabled = true, size = "10Gi", storageClass = var.storage_class }
      volumes      = [{ name = "tls", secret = { secretName = var.tls_secret } }]
      volumeMounts = [{ name = "tls", mountPath = "/vault/tls", readOnly = true }]
      ha = {
        enabled  = true
        replicas = var.high_availability ? 3 : 1
        raft     = { enabled = true, setNodeId = true }
      }
    }
  })]
}

resource "kubernetes_network_policy_v1" "this" {
  metadata {
    name      = "vault"
    namespace = var.namespace
    labels    = var.labels
  }

  spec {
    policy_types = ["Ingress", "Egress"]

    pod_selector {
      match_labels = { "app.kubernetes.io/instance" = "vault" }
    }

    ingress {
      from {
        pod_selector {
          match_labels = { "app.kubernetes.io/part-of" = var.name }
        }
      }

      ports {
        port     = "8200"
        protocol = "TCP"
      }
    }

    ingress {
      from {
        pod_selector {
          match_labels = { "app.kubernetes.io/instance" = "vault" }
        }
      }
    }

    egress {
      to {
        pod_selector {
          match_labels = { "app.kubernetes.io/instance" = "vault" }
        }
      }
    }

    # The Kubernetes API, which checks the tokens of pods.
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
        port     = "6443"
        protocol = "TCP"
      }
    }
  }
}
