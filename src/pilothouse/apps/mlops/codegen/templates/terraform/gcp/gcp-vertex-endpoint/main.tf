# A Vertex AI endpoint; continuous delivery uploads the model and moves traffic to it (scripts/deploy.sh).

module "account" {
  source = "../workload-account"

  name           = var.name
  purpose        = "serving"
  project_id     = var.project_id
  bucket_name    = var.bucket_name
  read_prefixes  = ["features", "models"]
  write_prefixes = ["monitoring", "predictions"]
  grants         = var.data_grants
}

resource "google_vertex_ai_endpoint" "this" {
  name                       = var.name
  display_name               = var.name
  description                = "Serves the champion model of ${var.name}"
  location                   = var.region
  dedicated_endpoint_enabled = true

  encryption_spec {
    kms_key_name = var.kms_key_id
  }
}

resource "google_monitoring_alert_policy" "latency" {
  display_name          = "${var.name}: predictions are slow"
  combiner              = "OR"
  notification_channels = var.notification_channel_ids

  conditions {
    display_name = "latency is over ${var.latency_slo_ms} ms"

    condition_threshold {
      filter          = "resource.type = \"aiplatform.googleapis.com/Endpoint\" AND resource.labels.endpoint_id = \"${google_vertex_ai_endpoint.this.name}\" AND metric.type = \"aiplatform.googleapis.com/prediction/online/prediction_latencies\""
      comparison      = "COMPARISON_GT"
      threshold_value = var.latency_slo_ms
      duration        = "300s"

      aggregations {
        alignment_period     = "60s"
        per_series_aligner   = "ALIGN_DELTA"
        cross_series_reducer = "REDUCE_PERCENTILE_99"
      }
    }
  }

  documentation {
    content = "See docs/runbook.md."
  }
}
