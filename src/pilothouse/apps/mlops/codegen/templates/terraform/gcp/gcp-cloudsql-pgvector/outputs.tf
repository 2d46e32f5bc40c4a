output "grants" {
  description = "What a workload may do with the database."
  value = [
    { kind = "project", resource = google_sql_database_instance.this.name, role = "roles/cloudsql.client" },
    { kind = "project", resource = google_sql_database_instance.this.name, role = "roles/cloudsql.instanceUser" },
  ]
}

output "settings" {
  description = "Environment of the workloads that search vectors."
  value       = { VECTOR_STORE_URI = "postgresql+cloudsql://${google_sql_database_instance.this.private_ip_address}:5432/${google_sql_database.this.name}" }
}
