# Who looked at data is on record, and people on call can read telemetry but not data.

resource "google_project_iam_audit_config" "this" {
  for_each = toset(["aiplatform.googleapis.com", "secretmanager.googleapis.com", "storage.googleapis.com"])

  project = var.project_id
  service = each.key

  audit_log_config {
    log_type = "DATA_READ"
  }

  audit_log_config {
    log_type = "DATA_WRITE"
  }
}

resource "google_project_iam_custom_role" "operator" {
  role_id     = replace("${var.name}_operator", "-", "_")
  title       = "Operator of ${var.name}"
  description = "Reads logs and metrics, nothing else"
  permissions = [
    "logging.logEntries.list", "logging.logs.list", "monitoring.alertPolicies.get", "monitoring.alertPolicies.list",
    "monitoring.dashboards.get", "monitoring.dashboards.list", "monitoring.timeSeries.list", "run.services.get",
    "run.services.list", "workflows.executions.get", "workflows.executions.list",
  ]
}

resource "google_project_iam_member" "operator" {
  count = var.operator_group == "" ? 0 : 1

  project = var.project_id
  role    = google_project_iam_custom_role.operator.id
  member  = "group:${var.operator_group}"
}
