# Managed Airflow 2 without public addresses; DAGs live in the environment's own bucket.

module "account" {
  source = "../workload-account"

  name       = var.name
  purpose    = "composer"
  project_id = var.project_id
  grants = [
    { kind = "project", resource = var.project_id, role = "roles/composer.worker" },
    { kind = "project", resource = var.project_id, role = "roles/aiplatform.user" },
  ]
}

resource "google_service_account_iam_member" "act_as" {
  count = length(var.task_account_ids)

  service_account_id = var.task_account_ids[count.index]
  role               = "roles/iam.serviceAccountUser"
  member             = module.account.member
}

resource "google_composer_environment" "this" {
  name   = var.name
  region = var.region

  config {
    environment_size           = "ENVIRONMENT_SIZE_SMALL"
    resilience_mode            = var.high_availability ? "HIGH_RESILIENCE" : null
    enable_private_environment = true
    enable_private_builds_only = true

    software_config {
      image_version = "composer-3-airflow-2"

      env_variables = merge(var.settings, {
        PIPELINE_TRAINING   = jsonencode(var.training_tasks)
        PIPELINE_SCORING    = jsonencode(var.scoring_tasks)
        RETRAINING_SCHEDULE = var.retraining_cron
        SCORING_SCHEDULE    = var.scoring_cron
      })

      airflow_config_overrides = {
        "core-load_examples"   = "False"
        "core-default_retries" = "2"
      }
    }

    node_config {
      network         = var.network_id
      subnetwork      = var.subnet_id
      service_account = module.account.email
    }

    encryption_config {
      kms_key_name = var.kms_key_id
    }

    workloads_config {
      worker {
        cpu        = 1
        memory_gb  = 4
        storage_gb = 5
        min_count  = max(1, var.nodes)
        max_count  = max(3, var.nodes * 3)
      }
    }
  }
}
