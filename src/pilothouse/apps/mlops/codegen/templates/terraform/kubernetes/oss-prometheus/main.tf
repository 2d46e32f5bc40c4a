# Prometheus, Alertmanager and Grafana with this repository's alerts and dashboard.

resource "helm_release" "this" {
  name             = "monitoring"
  namespace        = var.monitoring_namespace
  create_namespace = true
  repository       = "https://prometheus-community.github.io/helm-charts"
  chart            = "kube-prometheus-stack"
  version          = "77.12.0"
  timeout          = 900

  values = [yamlencode({
    commonLabels = { "app.kubernetes.io/part-of" = var.name }
    prometheus = {
      prometheusSpec = {
        retention   = "${var.log_retention_days}d"
        replicas    = var.high_availability ? 2 : 1
        resources   = { requests = { cpu = "${floor(var.cpu * 1000)}m", memory = "${var.memory_mb}Mi" }, limits = { memory = "${var.memory_mb * 2}Mi" } }
        storageSpec = { volumeClaimTemplate = { spec = { storageClassName = var.storage_class, resources = { requests = { storage = "${var.storage_gb}Gi" } } } } }
        additionalScrapeConfigs = [{
          job_name              = var.name
          kubernetes_sd_configs = [{ role = "pod", namespaces = { names = [var.name] } }]
          relabel_configs = [
            { source_labels = ["__meta_kubernetes_pod_annotation_prometheus_io_scrape"], regex = "true", action = "keep" },
            { source_labels = ["__meta_kubernetes_pod_annotation_prometheus_io_port", "__meta_kubernetes_pod_ip"], regex = "(\\d+);(.+)", replacement = "$2:$1", target_label = "__address__" },
          ]
        }]
      }
      podDisruptionBudget = { enabled = var.high_availability }
    }
    alertmanager = {
      config = {
        route = { receiver = "on-call", group_by = ["alertname"] }
        receivers = [{
          name          = "on-call"
          email_configs = [{ to = var.alert_email, send_resolved = true }]
        }]
      }
    }
    additionalPrometheusRulesMap = { system = yamldecode(file("${path.root}/../monitoring/alerts.yml")) }
    grafana = {
      admin   = { existingSecret = "grafana-admin", userKey = "user", passwordKey = "password" }
      sidecar = { dashboards = { enabled = true } }
    }
  })]
}

resource "kubernetes_config_map_v1" "dashboard" {
  metadata {
    name      = "${var.name}-dashboard"
    namespace = var.monitoring_namespace
    labels    = merge(var.labels, { grafana_dashboard = "1" })
  }

  data = { "${var.name}.json" = file("${path.root}/../monitoring/dashboard.json") }

  depends_on = [helm_release.this]
}
