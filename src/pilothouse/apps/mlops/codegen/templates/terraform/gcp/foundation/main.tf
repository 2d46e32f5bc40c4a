# APIs, network and encryption key that every other module stands on.

data "google_project" "this" {}

resource "google_project_service" "this" {
  for_each = toset([
    "aiplatform.googleapis.com", "artifactregistry.googleapis.com", "bigtableadmin.googleapis.com",
    "cloudkms.googleapis.com", "cloudscheduler.googleapis.com", "composer.googleapis.com", "compute.googleapis.com",
    "dataflow.googleapis.com", "iamcredentials.googleapis.com", "logging.googleapis.com", "monitoring.googleapis.com",
    "pubsub.googleapis.com", "redis.googleapis.com", "run.googleapis.com", "secretmanager.googleapis.com",
    "servicenetworking.googleapis.com", "sqladmin.googleapis.com", "storage.googleapis.com", "workflows.googleapis.com",
  ])

  service            = each.key
  disable_on_destroy = false
}

resource "google_compute_network" "this" {
  name                    = var.name
  auto_create_subnetworks = false

  depends_on = [google_project_service.this]
}

resource "google_compute_subnetwork" "this" {
  name                     = var.name
  region                   = var.region
  network                  = google_compute_network.this.id
  ip_cidr_range            = cidrsubnet(var.vpc_cidr, 4, 0)
  private_ip_google_access = true

  log_config {
    aggregation_interval = "INTERVAL_10_MIN"
    flow_sampling        = 0.1
    metadata             = "EXCLUDE_ALL_METADATA"
  }
}

resource "google_compute_router" "this" {
  name    = var.name
  region  = var.region
  network = google_compute_network.this.id
}

resource "google_compute_router_nat" "this" {
  name                               = var.name
  region                             = var.region
  router                             = google_compute_router.this.name
  nat_ip_allocate_option             = "AUTO_ONLY"
  source_subnetwork_ip_ranges_to_nat = "ALL_SUBNETWORKS_ALL_IP_RANGES"

  log_config {
    enable = true
    filter = "ERRORS_ONLY"
  }
}

# Managed databases and caches get private addresses from this range.
resource "google_compute_global_address" "services" {
  name          = "${var.name}-services"
  purpose       = "VPC_PEERING"
  address_type  = "INTERNAL"
  prefix_length = 20
  network       = google_compute_network.this.id
}

resource "google_service_networking_connection" "this" {
  network                 = google_compute_network.this.id
  service                 = "servicenetworking.googleapis.com"
  reserved_peering_ranges = [google_compute_global_address.services.name]
}

resource "google_kms_key_ring" "this" {
  name     = var.name
  location = var.region

  depends_on = [google_project_service.this]
}

resource "google_kms_crypto_key" "this" {
  name            = "data"
  key_ring        = google_kms_key_ring.this.id
  rotation_period = "7776000s"

  lifecycle {
    prevent_destroy = true
  }
}

data "google_storage_project_service_account" "this" {}

# Service agents encrypt and decrypt on behalf of the services; people and workloads do not need the key itself.
resource "google_kms_crypto_key_iam_member" "agents" {
  for_each = toset([
    "service-${data.google_project.this.number}@gcp-sa-aiplatform.iam.gserviceaccount.com",
    "service-${data.google_project.this.number}@gcp-sa-artifactregistry.iam.gserviceaccount.com",
    "service-${data.google_project.this.number}@gcp-sa-bigtable.iam.gserviceaccount.com",
    "service-${data.google_project.this.number}@gcp-sa-cloud-sql.iam.gserviceaccount.com",
    "service-${data.google_project.this.number}@gcp-sa-pubsub.iam.gserviceaccount.com",
    "service-${data.google_project.this.number}@gcp-sa-secretmanager.iam.gserviceaccount.com",
    "service-${data.google_project.this.number}@cloud-redis.iam.gserviceaccount.com",
    "service-${data.google_project.this.number}@compute-system.iam.gserviceaccount.com",
    "service-${data.google_project.this.number}@serverless-robot-prod.iam.gserviceaccount.com",
  ])

  crypto_key_id = google_kms_crypto_key.this.id
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  member        = "serviceAccount:${each.key}"
}

resource "google_kms_crypto_key_iam_member" "storage" {
  crypto_key_id = google_kms_crypto_key.this.id
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  member        = "serviceAccount:${data.google_storage_project_service_account.this.email_address}"
}
