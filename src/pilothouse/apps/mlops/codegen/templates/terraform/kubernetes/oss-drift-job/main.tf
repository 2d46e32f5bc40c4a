# The drift check as a scheduled job of the service's image.

module "job" {
  source = "../job"

  name      = var.name
  namespace = var.namespace
  labels    = var.labels
  app       = "drift"
  image     = var.image
  args      = ["drift"]
  settings  = var.settings
  secrets   = var.secret_names
  schedule  = var.drift_cron
}
