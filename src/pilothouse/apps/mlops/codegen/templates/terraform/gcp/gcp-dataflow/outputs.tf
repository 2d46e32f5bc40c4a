output "topic_id" {
  description = "Topic that the pipeline reads."
  value       = google_pubsub_topic.this.id
}
