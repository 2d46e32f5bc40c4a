# The service on Cloud Run: reached through the load balancer only, with a way into the private network.

module "account" {
  source = "../workload-account"

  name           = var.name
  purpose        = "serving"
  project_id     = var.project_id
  bucket_name    = var.bucket_name
  read_prefixes  = ["features", "models"]
  write_prefixes = ["monitoring", "predictions"]
  grants         = var.data_grants
}

resource "google_cloud_run_v2_service" "this" {
  name                = var.name
  location            = var.region
  ingress             = "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER"
  deletion_protection = var.deletion_protection

  template {
    service_account                  = module.account.email
    encryption_key                   = var.kms_key_id
    max_instance_request_concurrency = 40
    timeout                          = "30s"

    scaling {
      min_instance_count = var.replicas
      max_instance_count = max(1, var.replicas, var.max_replicas)
    }

    vpc_access {
      egress = "PRIVATE_RANGES_ONLY"

      network_interfaces {
        network    = var.network_id
        subnetwork = var.subnet_id
      }
    }

    containers {
      name  = "service"
      image = var.image
      args  = var.service_command

      ports {
        container_port = 8080
      }

      resources {
        limits = {
          cpu    = tostring(max(1, var.cpu))
          memory = "${max(512, var.memory_mb)}Mi"
        }

        cpu_idle          = false
        startup_cpu_boost = true
      }

      dynamic "env" {
        for_each = var.settings

        content {
          name  = env.key
          value = env.value
        }
      }

      startup_probe {
        period_seconds    = 2
        failure_threshold = 30

        http_get {
          path = "/health/ready"
        }
      }

      liveness_probe {
        period_seconds = 15

        http_get {
          path = "/health/live"
        }
      }
    }

    # A second process of the same image beside the service, where the design has one.
    dynamic "containers" {
      for_each = var.sidecar_command

      content {
        name  = containers.value
        image = var.image
        args  = [containers.value]

        resources {
          limits = { cpu = "1", memory = "512Mi" }
        }

        dynamic "env" {
          for_each = merge(var.settings, { PORT = "8081" })

          content {
            name  = env.key
            value = env.value
          }
        }
      }
    }
  }

  traffic {
    type    = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST"
    percent = 100
  }

  lifecycle {
    # Continuous delivery owns the image after the first apply.
    ignore_changes = [client, client_version, template[0].containers[0].image]
  }
}

# The service checks the callers' tokens itself; Cloud Run's own ingress keeps everyone but the load balancer out.
resource "google_cloud_run_v2_service_iam_member" "gateway" {
  name     = google_cloud_run_v2_service.this.name
  location = var.region
  role     = "roles/run.invoker"
  member   = "allUsers"
}

# Jobs that the orchestrator starts, with the service's own image and account.
resource "google_cloud_run_v2_job" "this" {
  for_each = toset(var.jobs)

  name                = "${var.name}-${each.key}"
  location            = var.region
  deletion_protection = var.deletion_protection

  template {
    template {
      service_account = module.account.email
      encryption_key  = var.kms_key_id
      max_retries     = 1
      timeout         = "3600s"

      vpc_access {
        egress = "PRIVATE_RANGES_ONLY"

        network_interfaces {
          network    = var.network_id
          subnetwork = var.subnet_id
        }
      }

      containers {
        image = var.image
        args  = [each.key]

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
