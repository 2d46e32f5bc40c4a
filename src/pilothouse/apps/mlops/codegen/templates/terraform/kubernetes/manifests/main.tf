# Custom resources as a Helm release: unlike kubernetes_manifest it needs no custom resource definition at plan time.

resource "helm_release" "this" {
  name      = var.release
  namespace = var.namespace
  chart     = "${path.module}/chart"
  values    = [yamlencode({ manifests = var.manifests })]
}
