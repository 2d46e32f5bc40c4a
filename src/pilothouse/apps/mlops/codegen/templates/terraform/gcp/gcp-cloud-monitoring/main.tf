# Alerts reach people through one channel; logs are kept as long as promised, encrypted with the system's key.

resource "google_monitoring_notification_channel" "email" {
  display_name = "${var.name} on call"
  type         = "email"
  labels       = { email_address = var.alert_email }
}

resource "google_logging_project_bucket_config" "this" {
  project        = var.project_id
  location       = var.region
  bucket_id      = var.name
  retention_days = var.log_retention_days
  description    = "Logs of ${var.name}, kept in the region"
}

resource "google_logging_project_sink" "this" {
  name                   = var.name
  destination            = "logging.googleapis.com/${google_logging_project_bucket_config.this.id}"
  filter                 = "resource.labels.service_name = \"${var.name}\" OR labels.system = \"${var.name}\""
  unique_writer_identity = true
}

resource "google_logging_metric" "rejected" {
  name   = "${var.name}/rows-rejected"
  filter = "jsonPayload.event = \"row_rejected\" AND jsonPayload.system = \"${var.name}\""

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
  }
}

resource "google_logging_metric" "drift" {
  name   = "${var.name}/drift-found"
  filter = "jsonPayload.event = \"drift_found\" AND jsonPayload.system = \"${var.name}\""

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
  }
}

resource "google_monitoring_alert_policy" "logged" {
  for_each = {
    drift    = { metric = google_logging_metric.drift.name, limit = 0, text = "A feature has drifted." }
    rejected = { metric = google_logging_metric.rejected.name, limit = 100, text = "Many rows break the data contract." }
  }

  display_name          = "${var.name}: ${each.key}"
  combiner              = "OR"
  notification_channels = [google_monitoring_notification_channel.email.id]

  conditions {
    display_name = each.value.text

    condition_threshold {
      filter          = "metric.type = \"logging.googleapis.com/user/${each.value.metric}\" AND resource.type = \"global\""
      comparison      = "COMPARISON_GT"
      threshold_value = each.value.limit
      duration        = "0s"

      aggregations {
        alignment_period   = "300s"
        per_series_aligner = "ALIGN_DELTA"
      }
    }
  }

  documentation {
    content = "${each.value.text} See docs/runbook.md."
  }
}

resource "google_billing_budget" "this" {
  count = var.billing_account != "" && var.monthly_budget_usd > 0 ? 1 : 0

  billing_account = var.billing_account
  display_name    = var.name

  budget_filter {
    projects = ["projects/${var.project_id}"]
  }

  amount {
    specified_amount {
      currency_code = "USD"
      units         = tostring(floor(var.monthly_budget_usd))
    }
  }

  threshold_rules {
    threshold_percent = 0.8
  }

  threshold_rules {
    threshold_percent = 1.0
    spend_basis       = "FORECASTED_SPEND"
  }

  all_updates_rule {
    monitoring_notification_channels = [google_monitoring_notification_channel.email.id]
  }
}
