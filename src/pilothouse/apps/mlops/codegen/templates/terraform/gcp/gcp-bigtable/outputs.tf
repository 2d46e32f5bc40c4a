output "grants" {
  description = "What a workload may do with the table."
  value       = [{ kind = "bigtable", resource = google_bigtable_instance.this.name, role = "roles/bigtable.user" }]
}

output "settings" {
  description = "Environment of the workloads that read features."
  value       = { ONLINE_STORE_URI = "bigtable://${var.project_id}/${google_bigtable_instance.this.name}/${google_bigtable_table.features.name}" }
}
