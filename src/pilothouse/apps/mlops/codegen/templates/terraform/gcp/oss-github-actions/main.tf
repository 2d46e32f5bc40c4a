# GitHub's workflows get short-lived credentials by workload identity federation: no key is stored anywhere.

resource "google_iam_workload_identity_pool" "this" {
  workload_identity_pool_id = "${substr(var.name, 0, 25)}-github"
  display_name              = "GitHub Actions"
}

resource "google_iam_workload_identity_pool_provider" "this" {
  workload_identity_pool_id          = google_iam_workload_identity_pool.this.workload_identity_pool_id
  workload_identity_pool_provider_id = "github"
  display_name                       = "GitHub Actions"
  attribute_condition                = "assertion.repository == \"${var.github_repository}\" && assertion.environment == \"production\""

  attribute_mapping = {
    "google.subject"       = "assertion.sub"
    "attribute.repository" = "assertion.repository"
  }

  oidc {
    issuer_uri = "https://token.actions.githubusercontent.com"
  }
}

resource "google_service_account" "deploy" {
  account_id   = "${substr(var.name, 0, 20)}-deploy"
  display_name = "Continuous delivery of ${var.name}"
}

resource "google_service_account_iam_member" "github" {
  service_account_id = google_service_account.deploy.name
  role               = "roles/iam.workloadIdentityUser"
  member             = "principalSet://iam.googleapis.com/${google_iam_workload_identity_pool.this.name}/attribute.repository/${var.github_repository}"
}

resource "google_artifact_registry_repository_iam_member" "push" {
  count = length(var.repository_ids)

  repository = var.repository_ids[count.index]
  location   = var.region
  role       = "roles/artifactregistry.writer"
  member     = google_service_account.deploy.member
}

resource "google_cloud_run_v2_service_iam_member" "rollout" {
  count = length(var.run_services)

  name     = var.run_services[count.index]
  location = var.region
  role     = "roles/run.developer"
  member   = google_service_account.deploy.member
}

resource "google_project_iam_member" "models" {
  count = length(var.endpoint_ids) > 0 ? 1 : 0

  project = var.project_id
  role    = "roles/aiplatform.user"
  member  = google_service_account.deploy.member
}

resource "google_service_account_iam_member" "act_as" {
  count = length(var.service_account_ids)

  service_account_id = var.service_account_ids[count.index]
  role               = "roles/iam.serviceAccountUser"
  member             = google_service_account.deploy.member
}
