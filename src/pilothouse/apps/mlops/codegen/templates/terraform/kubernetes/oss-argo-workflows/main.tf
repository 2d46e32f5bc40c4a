# Pipelines as Argo workflows: one CronWorkflow per purpose.

resource "helm_release" "this" {
  name       = "argo-workflows"
  namespace  = var.namespace
  repository = "https://argoproj.github.io/argo-helm"
  chart      = "argo-workflows"
  version    = "0.45.26"

  values = [yamlencode({
    singleNamespace = true
    commonLabels    = { "app.kubernetes.io/part-of" = var.name }
    controller = {
      replicas      = max(1, var.replicas)
      pdb           = { enabled = var.replicas > 1 }
      resources     = { requests = { cpu = "${floor(var.cpu * 1000)}m", memory = "${var.memory_mb}Mi" }, limits = { memory = "${var.memory_mb}Mi" } }
      metricsConfig = { enabled = true }
    }
    server = {
      authModes = ["sso"]
      sso       = { enabled = true, issuer = var.token_issuer, clientId = { name = "argo-sso", key = "client-id" }, clientSecret = { name = "argo-sso", key = "client-secret" }, redirectUrl = "https://${var.domain_name}/oauth2/callback" }
    }
    workflow = { serviceAccount = { create = true, name = "pipelines" }, rbac = { create = true } }
  })]
}

locals {
  pipelines = {
    for name, pipeline in {
      training = { tasks = var.training_tasks, schedule = var.retraining_cron }
      scoring  = { tasks = var.scoring_tasks, schedule = var.scoring_cron }
      indexing = { tasks = var.index_tasks, schedule = var.scoring_cron }
    } : name => pipeline if length(pipeline.tasks) > 0
  }
}

module "manifests" {
  source = "../manifests"

  release   = "pipelines"
  namespace = var.namespace
  manifests = [
    for name, pipeline in local.pipelines : {
      apiVersion = "argoproj.io/v1alpha1"
      kind       = "CronWorkflow"
      metadata   = { name = name, labels = { "app.kubernetes.io/part-of" = var.name } }
      spec = {
        schedules               = [pipeline.schedule]
        timezone                = "Etc/UTC"
        concurrencyPolicy       = "Forbid"
        startingDeadlineSeconds = 3600
        workflowSpec = {
          entrypoint            = "steps"
          serviceAccountName    = "pipelines"
          activeDeadlineSeconds = 21600
          podMetadata           = { labels = { "app.kubernetes.io/part-of" = var.name } }
          securityContext       = { runAsNonRoot = true, runAsUser = 10001, seccompProfile = { type = "RuntimeDefault" } }
          templates = concat(
            [{
              name  = "steps"
              steps = [for task in pipeline.tasks : [{ name = jsondecode(task).name, template = jsondecode(task).name }]]
            }],
            [
              for task in pipeline.tasks : {
                name          = jsondecode(task).name
                metadata      = { labels = { "app.kubernetes.io/name" = jsondecode(task).name } }
                retryStrategy = { limit = "2", retryPolicy = "OnFailure" }
                container = {
                  image   = jsondecode(task).image
                  args    = jsondecode(task).args
                  env     = [for key, value in jsondecode(task).settings : { name = key, value = value }]
                  envFrom = [for secret in jsondecode(task).secrets : { secretRef = { name = secret, optional = true } }]
                  resources = {
                    requests = { cpu = jsondecode(task).cpu, memory = jsondecode(task).memory }
                    limits   = { memory = jsondecode(task).memory }
                  }
                  securityContext = {
                    allowPrivilegeEscalation = false
                    readOnlyRootFilesystem   = true
                    capabilities             = { drop = ["ALL"] }
                  }
                }
              }
            ],
          )
        }
      }
    }
  ]

  depends_on = [helm_release.this]
}

resource "kubernetes_network_policy_v1" "this" {
  metadata {
    name      = "argo-workflows"
    namespace = var.namespace
    labels    = var.labels
  }

  spec {
    policy_types = ["Ingress", "Egress"]

    pod_selector {
      match_labels = { "app.kubernetes.io/instance" = "argo-workflows" }
    }

    ingress {
      from {
        namespace_selector {
          match_labels = { "kubernetes.io/metadata.name" = var.ingress_namespace }
        }
      }
    }

    # The Kubernetes API and the identity provider.
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
