output "trust_anchor_arn" {
  description = "Trust anchor that devices name when they sign in."
  value       = aws_rolesanywhere_trust_anchor.this.arn
}

output "profile_arn" {
  description = "Profile that devices name when they sign in."
  value       = aws_rolesanywhere_profile.this.arn
}

output "device_role_arn" {
  description = "Role of the devices."
  value       = module.role.arn
}
