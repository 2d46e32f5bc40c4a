# Training as a job template: the orchestrator runs it, and `kubectl create job --from=cronjob/training` does too.

module "job" {
  source = "../job"

  name      = var.name
  namespace = var.namespace
  labels    = var.labels
  app       = "training"
  image     = var.image
  args      = ["train"]
  settings  = var.settings
  secrets   = var.secret_names
  schedule  = var.retraining_cron
  suspend   = true
  cpu       = var.cpu
  memory_mb = var.memory_mb
  gpu       = var.gpu
}
