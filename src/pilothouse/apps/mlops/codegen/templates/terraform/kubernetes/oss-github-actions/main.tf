# What GitHub's workflows may do in the namespace: roll out the service, and look at how it goes.

resource "kubernetes_service_account_v1" "deploy" {
  metadata {
    name      = "deploy"
    namespace = var.namespace
    labels    = merge(var.labels, { "github.com/repository" = replace(var.github_repository, "/", ".") })
  }

  automount_service_account_token = false
}

resource "kubernetes_role_v1" "deploy" {
  metadata {
    name      = "deploy"
    namespace = var.namespace
    labels    = var.labels
  }

  rule {
    api_groups     = ["apps"]
    resources      = ["daemonsets", "deployments"]
    resource_names = ["edge", "service"]
    verbs          = ["get", "patch", "watch"]
  }

  rule {
    api_groups     = ["batch"]
    resources      = ["cronjobs"]
    resource_names = ["drift", "score", "training"]
    verbs          = ["get", "patch"]
  }

  rule {
    api_groups = [""]
    resources  = ["pods"]
    verbs      = ["get", "list", "watch"]
  }
}

resource "kubernetes_role_binding_v1" "deploy" {
  metadata {
    name      = "deploy"
    namespace = var.namespace
    labels    = var.labels
  }

  role_ref {
    api_group = "rbac.authorization.k8s.io"
    kind      = "Role"
    name      = kubernetes_role_v1.deploy.metadata[0].name
  }

  subject {
    kind      = "ServiceAccount"
    name      = kubernetes_service_account_v1.deploy.metadata[0].name
    namespace = var.namespace
  }
}
