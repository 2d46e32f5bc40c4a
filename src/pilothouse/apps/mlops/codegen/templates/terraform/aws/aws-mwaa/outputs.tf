output "webserver_url" {
  description = "Airflow console, reachable from inside the VPC."
  value       = aws_mwaa_environment.this.webserver_url
}

output "dags_uri" {
  description = "Where continuous delivery copies the DAGs."
  value       = "s3://${var.bucket_name}/dags"
}
