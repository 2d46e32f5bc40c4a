# Public entry: Envoy Gateway ends TLS, checks tokens, limits rates; /metrics is not routed.

resource "helm_release" "this" {
  name             = "envoy-gateway"
  namespace        = var.ingress_namespace
  create_namespace = true
  chart            = "oci://docker.io/envoyproxy/gateway-helm"
  version          = "v1.5.1"

  values = [yamlencode({
    deployment = {
      replicas     = max(1, var.replicas)
      envoyGateway = { resources = { requests = { cpu = "100m", memory = "256Mi" }, limits = { memory = "512Mi" } } }
    }
    podDisruptionBudget = { minAvailable = var.replicas > 1 ? 1 : 0 }
  })]
}

locals {
  proxy = "gateway-proxy"
}

module "manifests" {
  source = "../manifests"

  release   = "gateway"
  namespace = var.namespace
  manifests = concat(
    [
      {
        apiVersion = "gateway.envoyproxy.io/v1alpha1"
        kind       = "EnvoyProxy"
        metadata   = { name = local.proxy }
        spec = {
          provider = {
            type = "Kubernetes"
            kubernetes = {
              envoyDeployment = {
                replicas = max(1, var.replicas)
                container = {
                  resources = { requests = { cpu = "${floor(var.cpu * 1000)}m", memory = "${var.memory_mb}Mi" }, limits = { memory = "${var.memory_mb}Mi" } }
                }
              }
              envoyPDB = { minAvailable = var.replicas > 1 ? 1 : 0 }
            }
          }
        }
      },
      {
        apiVersion = "gateway.networking.k8s.io/v1"
        kind       = "GatewayClass"
        metadata   = { name = var.name }
        spec = {
          controllerName = "gateway.envoyproxy.io/gatewayclass-controller"
          parametersRef  = { group = "gateway.envoyproxy.io", kind = "EnvoyProxy", name = local.proxy, namespace = var.namespace }
        }
      },
      {
        apiVersion = "gateway.networking.k8s.io/v1"
        kind       = "Gateway"
        metadata   = { name = "gateway" }
        spec = {
          gatewayClassName = var.name
          listeners = [{
            name     = "https"
            port     = 443
            protocol = "HTTPS"
            hostname = var.domain_name
            tls      = { mode = "Terminate", certificateRefs = [{ name = var.tls_secret }] }
          }]
        }
      },
      {
        apiVersion = "gateway.envoyproxy.io/v1alpha1"
        kind       = "ClientTrafficPolicy"
        metadata   = { name = "tls" }
        spec = {
          targetRefs = [{ group = "gateway.networking.k8s.io", kind = "Gateway", name = "gateway" }]
          tls        = { minVersion = "1.2" }
        }
      },
    ],
    flatten([
      for service in var.service_names : [
        {
          apiVersion = "gateway.networking.k8s.io/v1"
          kind       = "HTTPRoute"
          metadata   = { name = service }
          spec = {
            parentRefs = [{ name = "gateway" }]
            hostnames  = [var.domain_name]
            rules = [{
              matches     = [{ path = { type = "PathPrefix", value = "/v1" } }, { path = { type = "Exact", value = "/health/ready" } }]
              backendRefs = [{ name = service, port = 8080 }]
            }]
          }
        },
        {
          apiVersion = "gateway.envoyproxy.io/v1alpha1"
          kind       = "SecurityPolicy"
          metadata   = { name = service }
          spec = {
            targetRefs = [{ group = "gateway.networking.k8s.io", kind = "HTTPRoute", name = service }]
            jwt = {
              providers = [{ name = "issuer", issuer = var.token_issuer, audiences = [var.name], remoteJWKS = { uri = "${trimsuffix(var.token_issuer, "/")}/.well-known/jwks.json" } }]
            }
          }
        },
        {
          apiVersion = "gateway.envoyproxy.io/v1alpha1"
          kind       = "BackendTrafficPolicy"
          metadata   = { name = service }
          spec = {
            targetRefs = [{ group = "gateway.networking.k8s.io", kind = "HTTPRoute", name = service }]
            rateLimit  = { type = "Local", local = { rules = [{ limit = { requests = max(10, ceil(var.peak_rps * 2)), unit = "Second" } }] } }
            timeout    = { http = { requestTimeout = "30s" } }
            retry      = { numRetries = 1, retryOn = { triggers = ["connect-failure", "refused-stream"] } }
          }
        },
      ]
    ]),
  )

  depends_on = [helm_release.this]
}
