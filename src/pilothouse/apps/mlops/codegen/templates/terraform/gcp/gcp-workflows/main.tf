# Pipelines as workflows: one per purpose, each started by its own schedule.

locals {
  pipelines = {
    for name, pipeline in {
      training = { tasks = var.training_tasks, schedule = var.retraining_cron }
      scoring  = { tasks = var.scoring_tasks, schedule = var.scoring_cron }
      indexing = { tasks = var.index_tasks, schedule = var.scoring_cron }
    } : name => pipeline if length(pipeline.tasks) > 0
  }
}

module "account" {
  source = "../workload-account"

  name       = var.name
  purpose    = "pipelines"
  project_id = var.project_id
  grants = [
    { kind = "project", resource = var.project_id, role = "roles/aiplatform.user" },
    { kind = "project", resource = var.project_id, role = "roles/workflows.invoker" },
  ]
}

# Starting a job as another account is allowed for the accounts of the jobs only.
resource "google_service_account_iam_member" "act_as" {
  count = length(var.task_account_ids)

  service_account_id = var.task_account_ids[count.index]
  role               = "roles/iam.serviceAccountUser"
  member             = module.account.member
}

resource "google_cloud_run_v2_job_iam_member" "run" {
  count = length(var.index_tasks)

  name     = var.run_jobs[count.index]
  location = var.region
  role     = "roles/run.invoker"
  member   = module.account.member
}

resource "google_workflows_workflow" "this" {
  for_each = local.pipelines

  name                = "${var.name}-${each.key}"
  region              = var.region
  description         = "The ${each.key} pipeline of ${var.name}"
  service_account     = module.account.id
  crypto_key_name     = var.kms_key_id
  call_log_level      = "LOG_ERRORS_ONLY"
  deletion_protection = var.deletion_protection

  source_contents = jsonencode({
    main = {
      params = ["input"]
      steps = [
        for task in each.value.tasks : {
          (jsondecode(task).name) = {
            try = {
              call   = jsondecode(task).call
              args   = jsondecode(task).args
              result = jsondecode(task).name
            }
            retry = "$${http.default_retry}"
          }
        }
      ]
    }
  })
}

resource "google_cloud_scheduler_job" "this" {
  for_each = local.pipelines

  name      = "${var.name}-${each.key}"
  region    = var.region
  schedule  = each.value.schedule
  time_zone = "Etc/UTC"

  retry_config {
    retry_count = 3
  }

  http_target {
    http_method = "POST"
    uri         = "https://workflowexecutions.googleapis.com/v1/${google_workflows_workflow.this[each.key].id}/executions"
    body        = base64encode(jsonencode({ argument = "{}" }))

    oauth_token {
      service_account_email = module.account.email
    }
  }
}

resource "google_monitoring_alert_policy" "failed" {
  for_each = local.pipelines

  display_name          = "${var.name}: ${each.key} pipeline failed"
  combiner              = "OR"
  notification_channels = var.notification_channel_ids

  conditions {
    display_name = "an execution failed"

    condition_threshold {
      filter          = "resource.type = \"workflows.googleapis.com/Workflow\" AND resource.labels.workflow_id = \"${google_workflows_workflow.this[each.key].name}\" AND metric.type = \"workflows.googleapis.com/finished_execution_count\" AND metric.labels.status = \"FAILED\""
      comparison      = "COMPARISON_GT"
      threshold_value = 0
      duration        = "0s"

      aggregations {
        alignment_period   = "300s"
        per_series_aligner = "ALIGN_DELTA"
      }
    }
  }

  documentation {
    content = "See docs/runbook.md."
  }
}
