# The service as a KServe InferenceService: scale by concurrency, canary by traffic share.

resource "helm_release" "crd" {
  name      = "kserve-crd"
  namespace = var.namespace
  chart     = "oci://ghcr.io/kserve/charts/kserve-crd"
  version   = "v0.15.2"
}

resource "helm_release" "controller" {
  name      = "kserve"
  namespace = var.namespace
  chart     = "oci://ghcr.io/kserve/charts/kserve"
  version   = "v0.15.2"

  values = [yamlencode({ kserve = { controller = { deploymentMode = "RawDeployment" } } })]

  depends_on = [helm_release.crd]
}

module "manifests" {
  source = "../manifests"

  release   = "service"
  namespace = var.namespace
  manifests = [
    {
      apiVersion = "serving.kserve.io/v1beta1"
      kind       = "InferenceService"
      metadata = {
        name        = "service"
        labels      = { "app.kubernetes.io/name" = "service", "app.kubernetes.io/part-of" = var.name }
        annotations = { "serving.kserve.io/deploymentMode" = "RawDeployment", "prometheus.io/scrape" = "true", "prometheus.io/port" = "8080" }
      }
      spec = {
        predictor = {
          minReplicas                  = max(1, var.replicas)
          maxReplicas                  = max(1, var.replicas, var.max_replicas)
          scaleMetric                  = "cpu"
          scaleTarget                  = 60
          automountServiceAccountToken = false
          securityContext              = { runAsNonRoot = true, runAsUser = 10001, seccompProfile = { type = "RuntimeDefault" } }
          containers = [{
            name    = "kserve-container"
            image   = var.image
            args    = var.service_command
            ports   = [{ containerPort = 8080, protocol = "TCP" }]
            env     = [for key, value in var.settings : { name = key, value = value }]
            envFrom = [for secret in var.secret_names : { secretRef = { name = secret, optional = true } }]
            resources = {
              requests = { cpu = "${floor(var.cpu * 1000)}m", memory = "${var.memory_mb}Mi" }
              limits   = merge({ memory = "${var.memory_mb}Mi" }, var.gpu > 0 ? { "nvidia.com/gpu" = tostring(var.gpu) } : {})
            }
            readinessProbe  = { httpGet = { path = "/health/ready", port = 8080 }, periodSeconds = 10 }
            livenessProbe   = { httpGet = { path = "/health/live", port = 8080 }, periodSeconds = 15 }
            securityContext = { allowPrivilegeEscalation = false, readOnlyRootFilesystem = true, capabilities = { drop = ["ALL"] } }
            volumeMounts    = [{ name = "tmp", mountPath = "/tmp" }]
          }]
          volumes = [{ name = "tmp", emptyDir = { sizeLimit = "1Gi" } }]
        }
      }
    },
    {
      apiVersion = "policy/v1"
      kind       = "PodDisruptionBudget"
      metadata   = { name = "service" }
      spec       = { maxUnavailable = 1, selector = { matchLabels = { "serving.kserve.io/inferenceservice" = "service" } } }
    },
    {
      apiVersion = "networking.k8s.io/v1"
      kind       = "NetworkPolicy"
      metadata   = { name = "service" }
      spec = {
        podSelector = { matchLabels = { "serving.kserve.io/inferenceservice" = "service" } }
        policyTypes = ["Ingress", "Egress"]
        ingress = [{
          from  = [for name in [var.ingress_namespace, var.monitoring_namespace] : { namespaceSelector = { matchLabels = { "kubernetes.io/metadata.name" = name } } }]
          ports = [{ port = 8080, protocol = "TCP" }]
        }]
        egress = [{ to = [{ podSelector = { matchLabels = { "app.kubernetes.io/part-of" = var.name } } }] }]
      }
    },
  ]

  depends_on = [helm_release.controller]
}
