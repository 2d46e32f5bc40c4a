output "service_names" {
  description = "Kubernetes services that a gateway routes to."
  value       = module.service[*].service
}

output "scoring_tasks" {
  description = "Steps of a pipeline that score one partition."
  value       = module.scoring[*].task
}

output "index_tasks" {
  description = "Steps of a pipeline that run the jobs."
  value       = [for job in module.jobs : job.task]
}
