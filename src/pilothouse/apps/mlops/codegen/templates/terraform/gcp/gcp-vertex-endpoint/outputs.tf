output "endpoint_id" {
  description = "The endpoint."
  value       = google_vertex_ai_endpoint.this.id
}

output "account_email" {
  description = "Account of the service."
  value       = module.account.email
}

output "account_id" {
  description = "Resource name of the service's account."
  value       = module.account.id
}

output "deployment" {
  description = "What continuous delivery deploys: the machine and its scaling bounds."
  value = {
    endpoint     = google_vertex_ai_endpoint.this.name
    region       = var.region
    machine_type = var.instance
    accelerators = tostring(var.gpu)
    replicas     = tostring(max(1, var.replicas))
    max_replicas = tostring(max(1, var.replicas, var.max_replicas))
    account      = module.account.email
  }
}
