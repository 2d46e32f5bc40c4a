# Access to one model through Vertex AI; requests stay in the region.

resource "google_monitoring_alert_policy" "errors" {
  display_name          = "${var.name}: the model refuses requests"
  combiner              = "OR"
  notification_channels = var.notification_channel_ids

  conditions {
    display_name = "quota exceeded"

    condition_threshold {
      filter          = "resource.type = \"aiplatform.googleapis.com/PublisherModel\" AND metric.type = \"aiplatform.googleapis.com/publisher/online_serving/model_invocation_count\" AND metric.labels.response_code = \"429\""
      comparison      = "COMPARISON_GT"
      threshold_value = 10
      duration        = "300s"

      aggregations {
        alignment_period   = "300s"
        per_series_aligner = "ALIGN_DELTA"
      }
    }
  }

  documentation {
    content = "Ask for a higher quota or shed load: see docs/runbook.md."
  }
}
