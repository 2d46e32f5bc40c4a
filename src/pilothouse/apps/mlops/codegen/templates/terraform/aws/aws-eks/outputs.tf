output "cluster_name" {
  description = "Name of the cluster."
  value       = aws_eks_cluster.this.name

  depends_on = [aws_eks_node_group.this]
}

output "cluster_endpoint" {
  description = "Address of the Kubernetes API."
  value       = aws_eks_cluster.this.endpoint
}

output "cluster_certificate" {
  description = "Certificate authority of the Kubernetes API, base64."
  value       = aws_eks_cluster.this.certificate_authority[0].data
}

output "security_group_id" {
  description = "Security group of the nodes."
  value       = aws_eks_cluster.this.vpc_config[0].cluster_security_group_id
}

output "deployment" {
  description = "What continuous delivery updates."
  value       = { cluster = aws_eks_cluster.this.name, deployment = "service" }
}

output "deployment_arns" {
  description = "Resources that continuous delivery may update."
  value       = [aws_eks_cluster.this.arn]
}

output "role_arns" {
  description = "Roles that continuous delivery may pass on to the service."
  value       = [module.role.arn]
}
