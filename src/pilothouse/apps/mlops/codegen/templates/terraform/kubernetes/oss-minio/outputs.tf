output "bucket_name" {
  description = "Name of the bucket."
  value       = var.name
}

output "settings" {
  description = "Environment of the workloads that read and write objects."
  value = {
    OBJECT_STORE_URI      = "s3://${var.name}"
    OBJECT_STORE_ENDPOINT = "http://${module.nodes.host}:9000"
  }
}

output "secret_names" {
  description = "Kubernetes secret with the access key of the service (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY)."
  value       = ["storage-access"]
}
