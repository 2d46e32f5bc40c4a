output "fqdn" {
  description = "Name of the endpoint."
  value       = "${local.endpoint}.${var.region}.inference.ml.azure.com"
}

output "principal_id" {
  description = "Object id of the service's identity."
  value       = module.identity.principal_id
}

output "deployment" {
  description = "What continuous delivery updates."
  value       = { endpoint = local.endpoint, workspace = local.workspace, resource_group = var.resource_group_name }
}
