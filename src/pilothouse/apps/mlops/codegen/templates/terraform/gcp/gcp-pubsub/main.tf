# Events and results as topics; what cannot be handled lands in a dead-letter topic instead of being lost.

data "google_project" "this" {}

resource "google_pubsub_topic" "this" {
  for_each = toset(["events", "results", "dead-letters"])

  name                       = "${var.name}-${each.key}"
  kms_key_name               = var.kms_key_id
  message_retention_duration = "${min(var.retention_hours, 744) * 3600}s"

  message_storage_policy {
    allowed_persistence_regions = [var.region]
    enforce_in_transit          = true
  }
}

resource "google_pubsub_subscription" "events" {
  name                         = "${var.name}-events"
  topic                        = google_pubsub_topic.this["events"].id
  ack_deadline_seconds         = 60
  message_retention_duration   = "${min(var.retention_hours, 744) * 3600}s"
  retain_acked_messages        = true
  enable_message_ordering      = true
  enable_exactly_once_delivery = false # The consumer writes idempotently, which also covers its own restarts.

  expiration_policy {
    ttl = ""
  }

  retry_policy {
    minimum_backoff = "1s"
    maximum_backoff = "60s"
  }

  dead_letter_policy {
    dead_letter_topic     = google_pubsub_topic.this["dead-letters"].id
    max_delivery_attempts = 10
  }
}

resource "google_pubsub_subscription" "dead_letters" {
  name                       = "${var.name}-dead-letters"
  topic                      = google_pubsub_topic.this["dead-letters"].id
  message_retention_duration = "604800s"

  expiration_policy {
    ttl = ""
  }
}

# Pub/Sub itself moves messages to the dead-letter topic.
resource "google_pubsub_topic_iam_member" "dead_letters" {
  topic  = google_pubsub_topic.this["dead-letters"].id
  role   = "roles/pubsub.publisher"
  member = "serviceAccount:service-${data.google_project.this.number}@gcp-sa-pubsub.iam.gserviceaccount.com"
}

resource "google_pubsub_subscription_iam_member" "dead_letters" {
  subscription = google_pubsub_subscription.events.id
  role         = "roles/pubsub.subscriber"
  member       = "serviceAccount:service-${data.google_project.this.number}@gcp-sa-pubsub.iam.gserviceaccount.com"
}

resource "google_monitoring_alert_policy" "late" {
  display_name          = "${var.name}: events wait too long"
  combiner              = "OR"
  notification_channels = var.notification_channel_ids

  conditions {
    display_name = "oldest unacknowledged event is older than a minute"

    condition_threshold {
      filter          = "resource.type = \"pubsub_subscription\" AND resource.labels.subscription_id = \"${google_pubsub_subscription.events.name}\" AND metric.type = \"pubsub.googleapis.com/subscription/oldest_unacked_message_age\""
      comparison      = "COMPARISON_GT"
      threshold_value = 60
      duration        = "300s"

      aggregations {
        alignment_period   = "60s"
        per_series_aligner = "ALIGN_MAX"
      }
    }
  }

  documentation {
    content = "Consumers fall behind: see docs/runbook.md."
  }
}
