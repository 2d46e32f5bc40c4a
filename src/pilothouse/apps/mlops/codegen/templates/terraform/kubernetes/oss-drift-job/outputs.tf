output "job" {
  description = "The drift check as a step of a pipeline."
  value       = module.job.task
}
