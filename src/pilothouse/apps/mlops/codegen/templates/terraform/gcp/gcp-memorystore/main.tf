# Redis on a private address; TLS and a password that lives in Secret Manager.

resource "google_redis_instance" "this" {
  name                    = var.name
  region                  = var.region
  tier                    = var.high_availability ? "STANDARD_HA" : "BASIC"
  memory_size_gb          = max(1, ceil(var.memory_mb / 1024))
  redis_version           = "REDIS_7_2"
  authorized_network      = var.peered_network_id
  connect_mode            = "PRIVATE_SERVICE_ACCESS"
  auth_enabled            = true
  transit_encryption_mode = "SERVER_AUTHENTICATION"
  customer_managed_key    = var.kms_key_id

  redis_configs = {
    "maxmemory-policy" = "allkeys-lfu"
  }
}

resource "google_secret_manager_secret" "auth" {
  secret_id = "${var.name}-cache-auth"

  replication {
    user_managed {
      replicas {
        location = var.region

        customer_managed_encryption {
          kms_key_name = var.kms_key_id
        }
      }
    }
  }
}

resource "google_secret_manager_secret_version" "auth" {
  secret      = google_secret_manager_secret.auth.id
  secret_data = google_redis_instance.this.auth_string
}
