# PostgreSQL with pgvector on a private address; workloads sign in with their own service accounts.

resource "google_sql_database_instance" "this" {
  name                = "${var.name}-vectors"
  region              = var.region
  database_version    = "POSTGRES_17"
  encryption_key_name = var.kms_key_id
  deletion_protection = var.deletion_protection

  settings {
    edition                     = "ENTERPRISE"
    tier                        = var.instance
    availability_type           = var.high_availability ? "REGIONAL" : "ZONAL"
    disk_type                   = "PD_SSD"
    disk_size                   = max(10, var.storage_gb)
    disk_autoresize             = true
    deletion_protection_enabled = var.deletion_protection

    ip_configuration {
      ipv4_enabled    = false
      private_network = var.peered_network_id
      ssl_mode        = "ENCRYPTED_ONLY"
    }

    backup_configuration {
      enabled                        = true
      location                       = var.region
      point_in_time_recovery_enabled = true
      transaction_log_retention_days = 7

      backup_retention_settings {
        retained_backups = 14
      }
    }

    database_flags {
      name  = "cloudsql.iam_authentication"
      value = "on"
    }

    database_flags {
      name  = "log_min_duration_statement"
      value = "500"
    }

    insights_config {
      query_insights_enabled = true
    }
  }
}

resource "google_sql_database" "this" {
  name     = "vectors"
  instance = google_sql_database_instance.this.name
}

resource "google_sql_user" "workloads" {
  count = length(var.client_accounts)

  instance = google_sql_database_instance.this.name
  name     = trimsuffix(var.client_accounts[count.index], ".gserviceaccount.com")
  type     = "CLOUD_IAM_SERVICE_ACCOUNT"
}
