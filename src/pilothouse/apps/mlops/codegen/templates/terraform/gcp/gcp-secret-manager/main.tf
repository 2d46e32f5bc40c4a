# Secrets are made here and filled outside Terraform, so that no value enters its state.

resource "google_secret_manager_secret" "this" {
  for_each = toset(["api-keys"])

  secret_id = "${var.name}-${each.key}"

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
