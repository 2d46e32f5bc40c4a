# MLflow keeps runs and model versions; files go to the object storage.

module "server" {
  source = "../stateful"

  name          = var.name
  namespace     = var.namespace
  labels        = var.labels
  app           = "registry"
  image         = "ghcr.io/mlflow/mlflow:v3.4.0"
  command       = ["mlflow"]
  port          = 5000
  nodes         = 1
  cpu           = var.cpu
  memory_mb     = var.memory_mb
  storage_gb    = var.storage_gb
  storage_class = var.storage_class
  secrets       = var.storage_secret_names
  allow_from    = ["drift", "score", "service", "training"]

  args = [
    "server", "--host", "0.0.0.0", "--port", "5000", "--backend-store-uri", "sqlite:////data/mlflow.db",
    "--artifacts-destination", "s3://${var.bucket_name}/models", "--serve-artifacts",
  ]

  settings = merge(var.storage_settings, { MLFLOW_S3_ENDPOINT_URL = lookup(var.storage_settings, "OBJECT_STORE_ENDPOINT", "") })
}
