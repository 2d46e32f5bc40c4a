# Scoring runs as a scheduled Vertex AI job of the same image: it reads one partition and writes one partition.

module "account" {
  source = "../workload-account"

  name           = var.name
  purpose        = "scoring"
  project_id     = var.project_id
  bucket_name    = var.bucket_name
  read_prefixes  = ["raw", "features", "models", "predictions"]
  write_prefixes = ["monitoring", "predictions"]
  grants         = var.data_grants
}
