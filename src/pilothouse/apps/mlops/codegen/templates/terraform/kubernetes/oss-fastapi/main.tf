# The service of this repository; a design that scores on a schedule runs it as a job instead.

locals {
  scheduled = contains(var.service_command, "score")
}

module "service" {
  source = "../workload"
  count  = local.scheduled ? 0 : 1

  name             = var.name
  namespace        = var.namespace
  labels           = var.labels
  app              = "service"
  image            = var.image
  args             = var.service_command
  settings         = var.settings
  secrets          = concat(["api-keys"], var.secret_names)
  metrics_port     = 8080
  replicas         = max(1, var.replicas)
  max_replicas     = max(1, var.replicas, var.max_replicas)
  cpu              = var.cpu
  memory_mb        = var.memory_mb
  gpu              = var.gpu
  node_port        = var.node_port
  allow_namespaces = [var.ingress_namespace, var.monitoring_namespace]
  allow_cidrs      = var.node_port == 0 ? [] : [var.node_cidr]
  internet         = var.node_port != 0
}

module "scoring" {
  source = "../job"
  count  = local.scheduled ? 1 : 0

  name      = var.name
  namespace = var.namespace
  labels    = var.labels
  app       = "score"
  image     = var.image
  args      = var.service_command
  settings  = var.settings
  secrets   = var.secret_names
  schedule  = var.scoring_cron
  suspend   = true # The orchestrator runs it, so that retries and backfills are seen in one place.
  cpu       = var.cpu
  memory_mb = var.memory_mb
  gpu       = var.gpu
}

module "jobs" {
  source   = "../job"
  for_each = toset(var.jobs)

  name      = var.name
  namespace = var.namespace
  labels    = var.labels
  app       = each.key
  image     = var.image
  args      = [each.key]
  settings  = var.settings
  secrets   = var.secret_names
  schedule  = var.scoring_cron
  suspend   = var.node_port == 0 # The orchestrator of the cluster runs it, where there is one.
}

# A second process of the same image beside the service, where the design has one.
module "sidecar" {
  source   = "../workload"
  for_each = toset(var.sidecar_command)

  name             = var.name
  namespace        = var.namespace
  labels           = var.labels
  app              = each.key
  image            = var.image
  args             = [each.key]
  settings         = var.settings
  secrets          = var.secret_names
  metrics_port     = 8080
  replicas         = max(1, var.replicas)
  max_replicas     = max(1, var.replicas)
  cpu              = 0.25
  memory_mb        = 512
  allow_namespaces = [var.monitoring_namespace]
  internet         = var.node_port != 0
}
