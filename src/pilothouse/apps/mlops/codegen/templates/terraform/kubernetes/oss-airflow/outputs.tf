output "release" {
  description = "Name of the Helm release."
  value       = helm_release.this.name
}
