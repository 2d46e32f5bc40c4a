output "email" {
  description = "E-mail address of the account."
  value       = google_service_account.this.email
}

output "id" {
  description = "Resource name of the account."
  value       = google_service_account.this.name
}

output "member" {
  description = "The account as a member of a policy."
  value       = google_service_account.this.member
}
