output "repository_url" {
  description = "Where images are pushed."
  value       = "${var.region}-docker.pkg.dev/${var.project_id}/${google_artifact_registry_repository.this.repository_id}/service"
}

output "repository_id" {
  description = "Name of the repository."
  value       = google_artifact_registry_repository.this.name
}
