output "bucket_name" {
  description = "Name of the bucket."
  value       = google_storage_bucket.this.name
}

output "settings" {
  description = "Environment of the workloads that read and write objects."
  value       = { OBJECT_STORE_URI = "gs://${google_storage_bucket.this.name}" }
}
