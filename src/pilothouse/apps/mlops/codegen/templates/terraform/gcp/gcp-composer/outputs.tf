output "dags_uri" {
  description = "Where continuous delivery copies the DAGs."
  value       = google_composer_environment.this.config[0].dag_gcs_prefix
}

output "webserver_url" {
  description = "Airflow console."
  value       = google_composer_environment.this.config[0].airflow_uri
}
