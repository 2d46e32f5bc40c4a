output "account_email" {
  description = "Account of the scoring job."
  value       = module.account.email
}

output "account_id" {
  description = "Resource name of the scoring job's account."
  value       = module.account.id
}

output "scoring_task" {
  description = "Step of a workflow that scores one partition."
  value = jsonencode({
    name = "score"
    call = "googleapis.aiplatform.v1.projects.locations.customJobs.create"
    args = {
      parent = "projects/${var.project_id}/locations/${var.region}"
      region = var.region
      body = {
        displayName    = "${var.name}-score"
        encryptionSpec = { kmsKeyName = var.kms_key_id }
        jobSpec = {
          serviceAccount = module.account.email
          scheduling     = { timeout = "21600s", restartJobOnWorkerRestart = true }
          workerPoolSpecs = [{
            replicaCount = tostring(max(1, var.nodes))
            machineSpec = merge(
              { machineType = var.instance },
              var.gpu > 0 ? { acceleratorType = "NVIDIA_L4", acceleratorCount = var.gpu } : {},
            )
            containerSpec = {
              imageUri = var.image
              args     = ["score"]
              env      = [for key, value in var.settings : { name = key, value = value }]
            }
          }]
        }
      }
    }
  })
}
