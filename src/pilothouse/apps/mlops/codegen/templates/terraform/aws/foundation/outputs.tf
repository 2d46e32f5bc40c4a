output "vpc_id" {
  description = "The VPC."
  value       = aws_vpc.this.id
}

output "vpc_cidr" {
  description = "Address range of the VPC."
  value       = aws_vpc.this.cidr_block
}

output "private_subnet_ids" {
  description = "Private subnets, one per availability zone."
  value       = aws_subnet.private[*].id
}

output "public_subnet_ids" {
  description = "Public subnets, one per availability zone; for load balancers only."
  value       = aws_subnet.public[*].id
}

output "kms_key_arn" {
  description = "Key that encrypts all data of this system."
  value       = aws_kms_key.this.arn
}
