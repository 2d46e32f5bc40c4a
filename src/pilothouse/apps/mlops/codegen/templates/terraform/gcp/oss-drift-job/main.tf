# The drift check as a scheduled Cloud Run job of the service's image.

module "account" {
  source = "../workload-account"

  name           = var.name
  purpose        = "drift"
  project_id     = var.project_id
  bucket_name    = var.bucket_name
  read_prefixes  = ["features", "models", "monitoring", "predictions"]
  write_prefixes = ["monitoring"]
}

resource "google_cloud_run_v2_job" "this" {
  name                = "${var.name}-drift"
  location            = var.region
  deletion_protection = var.deletion_protection

  template {
    template {
      service_account = module.account.email
      encryption_key  = var.kms_key_id
      max_retries     = 1
      timeout         = "3600s"

      containers {
        image = var.image
        args  = ["drift"]

        resources {
          limits = { cpu = "1", memory = "1Gi" }
        }

        dynamic "env" {
          for_each = var.settings

          content {
            name  = env.key
            value = env.value
          }
        }
      }
    }
  }
}

resource "google_service_account" "scheduler" {
  account_id   = "${substr(var.name, 0, 20)}-driftrun"
  display_name = "Starts the drift check of ${var.name}"
}

resource "google_cloud_run_v2_job_iam_member" "scheduler" {
  name     = google_cloud_run_v2_job.this.name
  location = var.region
  role     = "roles/run.invoker"
  member   = google_service_account.scheduler.member
}

resource "google_cloud_scheduler_job" "this" {
  name      = "${var.name}-drift"
  region    = var.region
  schedule  = var.drift_cron
  time_zone = "Etc/UTC"

  http_target {
    http_method = "POST"
    uri         = "https://run.googleapis.com/v2/${google_cloud_run_v2_job.this.id}:run"

    oauth_token {
      service_account_email = google_service_account.scheduler.email
    }
  }
}
