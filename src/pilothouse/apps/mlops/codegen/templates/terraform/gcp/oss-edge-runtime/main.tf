# Devices sign in with their X.509 certificate: they read models and write reports, nothing else.

resource "google_iam_workload_identity_pool" "this" {
  workload_identity_pool_id = "${substr(var.name, 0, 24)}-devices"
  display_name              = "Devices"
}

resource "google_iam_workload_identity_pool_provider" "this" {
  workload_identity_pool_id          = google_iam_workload_identity_pool.this.workload_identity_pool_id
  workload_identity_pool_provider_id = "x509"
  display_name                       = "Device certificates"

  attribute_mapping = {
    "google.subject" = "assertion.subject.dn.cn"
  }

  x509 {
    trust_store {
      trust_anchors {
        pem_certificate = var.device_ca_pem
      }
    }
  }
}

module "account" {
  source = "../workload-account"

  name           = var.name
  purpose        = "device"
  project_id     = var.project_id
  bucket_name    = var.bucket_name
  read_prefixes  = ["models"]
  write_prefixes = ["monitoring", "raw"]
  grants         = var.producer_grants
}

resource "google_service_account_iam_member" "devices" {
  service_account_id = module.account.id
  role               = "roles/iam.workloadIdentityUser"
  member             = "principalSet://iam.googleapis.com/${google_iam_workload_identity_pool.this.name}/*"
}
