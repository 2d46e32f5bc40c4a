output "state_machine_arns" {
  description = "State machines by pipeline."
  value       = { for name, machine in aws_sfn_state_machine.this : name => machine.arn }
}
