# Online features by entity key, in one row each; old values are collected by age.

resource "google_bigtable_instance" "this" {
  name                = var.name
  deletion_protection = var.deletion_protection

  cluster {
    cluster_id   = "${var.name}-1"
    zone         = "${var.region}-b"
    storage_type = "SSD"
    kms_key_name = var.kms_key_id

    autoscaling_config {
      min_nodes  = max(1, var.nodes)
      max_nodes  = max(2, var.nodes * 3)
      cpu_target = 60
    }
  }

  dynamic "cluster" {
    for_each = var.high_availability ? [1] : []

    content {
      cluster_id   = "${var.name}-2"
      zone         = "${var.region}-c"
      storage_type = "SSD"
      kms_key_name = var.kms_key_id

      autoscaling_config {
        min_nodes  = max(1, var.nodes)
        max_nodes  = max(2, var.nodes * 3)
        cpu_target = 60
      }
    }
  }
}

resource "google_bigtable_table" "features" {
  name                = "features"
  instance_name       = google_bigtable_instance.this.name
  deletion_protection = var.deletion_protection ? "PROTECTED" : "UNPROTECTED"

  column_family {
    family = "f"
  }

  automated_backup_policy {
    frequency        = "24h"
    retention_period = "168h"
  }
}

resource "google_bigtable_gc_policy" "features" {
  instance_name   = google_bigtable_instance.this.name
  table           = google_bigtable_table.features.name
  column_family   = "f"
  deletion_policy = "ABANDON"
  mode            = "UNION"

  max_age {
    duration = "${var.retention_days * 24}h"
  }

  max_version {
    number = 1
  }
}
