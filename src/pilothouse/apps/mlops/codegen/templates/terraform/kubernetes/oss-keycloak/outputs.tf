output "issuer" {
  description = "Issuer of tokens; set as token_issuer."
  value       = "https://login.${var.domain_name}/realms/master"
}
