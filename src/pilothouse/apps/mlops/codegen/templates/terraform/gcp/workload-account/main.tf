# A service account for one workload, with roles on exactly the resources it uses.

locals {
  prefixes = {
    for pair in concat(
      [for prefix in var.read_prefixes : { prefix = prefix, role = "roles/storage.objectViewer" }],
      [for prefix in var.write_prefixes : { prefix = prefix, role = "roles/storage.objectUser" }],
    ) : "${pair.role}/${pair.prefix}" => pair
  }

  grants = { for index, grant in var.grants : index => grant }
}

resource "google_service_account" "this" {
  account_id   = "${substr(var.name, 0, 20)}-${substr(var.purpose, 0, 9)}"
  display_name = "${var.purpose} of ${var.name}"
}

resource "google_storage_bucket_iam_member" "this" {
  for_each = local.prefixes

  bucket = var.bucket_name
  role   = each.value.role
  member = google_service_account.this.member

  condition {
    title      = "only-${each.value.prefix}"
    expression = "resource.name.startsWith(\"projects/_/buckets/${var.bucket_name}/objects/${each.value.prefix}/\")"
  }
}

resource "google_project_iam_member" "telemetry" {
  for_each = toset(["roles/logging.logWriter", "roles/monitoring.metricWriter", "roles/cloudtrace.agent"])

  project = var.project_id
  role    = each.key
  member  = google_service_account.this.member
}

resource "google_project_iam_member" "this" {
  for_each = { for key, grant in local.grants : key => grant if grant.kind == "project" }

  project = var.project_id
  role    = each.value.role
  member  = google_service_account.this.member
}

resource "google_pubsub_subscription_iam_member" "this" {
  for_each = { for key, grant in local.grants : key => grant if grant.kind == "subscription" }

  subscription = each.value.resource
  role         = each.value.role
  member       = google_service_account.this.member
}

resource "google_pubsub_topic_iam_member" "this" {
  for_each = { for key, grant in local.grants : key => grant if grant.kind == "topic" }

  topic  = each.value.resource
  role   = each.value.role
  member = google_service_account.this.member
}

resource "google_bigtable_instance_iam_member" "this" {
  for_each = { for key, grant in local.grants : key => grant if grant.kind == "bigtable" }

  instance = each.value.resource
  role     = each.value.role
  member   = google_service_account.this.member
}

resource "google_secret_manager_secret_iam_member" "this" {
  for_each = { for key, grant in local.grants : key => grant if grant.kind == "secret" }

  secret_id = each.value.resource
  role      = each.value.role
  member    = google_service_account.this.member
}
