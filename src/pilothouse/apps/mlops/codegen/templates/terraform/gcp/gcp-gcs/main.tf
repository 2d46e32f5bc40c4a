# One versioned, encrypted bucket: raw/, features/, models/, predictions/, monitoring/.

resource "google_storage_bucket" "this" {
  name                        = "${var.project_id}-${var.name}"
  location                    = var.region
  storage_class               = "STANDARD"
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = !var.deletion_protection

  encryption {
    default_kms_key_name = var.kms_key_id
  }

  versioning {
    enabled = true
  }

  soft_delete_policy {
    retention_duration_seconds = 604800
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }

    condition {
      age            = var.retention_days
      matches_prefix = ["raw/"]
    }
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }

    condition {
      days_since_noncurrent_time = min(var.retention_days, 90)
    }
  }
}
