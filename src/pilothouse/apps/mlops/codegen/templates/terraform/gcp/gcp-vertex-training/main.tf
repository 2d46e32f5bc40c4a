# Training runs as a Vertex AI custom job: no server waits between runs.

module "account" {
  source = "../workload-account"

  name           = var.name
  purpose        = "training"
  project_id     = var.project_id
  bucket_name    = var.bucket_name
  read_prefixes  = ["raw", "features", "models"]
  write_prefixes = ["features", "models", "monitoring"]
  grants         = var.data_grants
}
