output "topic_id" {
  description = "Topic of the events."
  value       = google_pubsub_topic.this["events"].id
}

output "grants" {
  description = "What a consumer may do with the topics."
  value = [
    { kind = "subscription", resource = google_pubsub_subscription.events.id, role = "roles/pubsub.subscriber" },
    { kind = "topic", resource = google_pubsub_topic.this["results"].id, role = "roles/pubsub.publisher" },
  ]
}

output "settings" {
  description = "Environment of the workloads that read events."
  value = {
    STREAM_URI  = "pubsub://${var.project_id}/${google_pubsub_subscription.events.name}"
    RESULTS_URI = "pubsub://${var.project_id}/${google_pubsub_topic.this["results"].name}"
  }
}

output "producer_grants" {
  description = "What a producer may do with the topic."
  value       = [{ kind = "topic", resource = google_pubsub_topic.this["events"].id, role = "roles/pubsub.publisher" }]
}
