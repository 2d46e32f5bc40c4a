output "operator_role_id" {
  description = "Role of people on call."
  value       = google_project_iam_custom_role.operator.id
}
