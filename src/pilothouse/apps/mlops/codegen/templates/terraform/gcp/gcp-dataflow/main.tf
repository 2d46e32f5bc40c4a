# A managed pipeline keeps every event in raw/ of the bucket, in windows of five minutes.

resource "google_pubsub_topic" "this" {
  name         = "${var.name}-ingest"
  kms_key_name = var.kms_key_id

  message_storage_policy {
    allowed_persistence_regions = [var.region]
  }
}

module "account" {
  source = "../workload-account"

  name           = var.name
  purpose        = "dataflow"
  project_id     = var.project_id
  bucket_name    = var.bucket_name
  read_prefixes  = ["raw"]
  write_prefixes = ["raw", "tmp"]
  grants = [
    { kind = "project", resource = var.project_id, role = "roles/dataflow.worker" },
    { kind = "topic", resource = google_pubsub_topic.this.id, role = "roles/pubsub.subscriber" },
  ]
}

resource "google_dataflow_job" "this" {
  name                    = "${var.name}-ingest"
  region                  = var.region
  template_gcs_path       = "gs://dataflow-templates-${var.region}/latest/Cloud_PubSub_to_GCS_Text"
  temp_gcs_location       = "gs://${var.bucket_name}/tmp"
  machine_type            = var.instance
  max_workers             = max(1, var.nodes)
  service_account_email   = module.account.email
  subnetwork              = var.subnet_id
  ip_configuration        = "WORKER_IP_PRIVATE"
  kms_key_name            = var.kms_key_id
  enable_streaming_engine = true
  on_delete               = "drain"

  parameters = {
    inputTopic           = google_pubsub_topic.this.id
    outputDirectory      = "gs://${var.bucket_name}/raw/YYYY/MM/DD/"
    outputFilenamePrefix = "events-"
  }
}
