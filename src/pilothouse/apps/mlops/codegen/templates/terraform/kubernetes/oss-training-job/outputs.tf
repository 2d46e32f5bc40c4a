output "task" {
  description = "Step of a pipeline that trains and registers a candidate."
  value       = module.job.task
}
