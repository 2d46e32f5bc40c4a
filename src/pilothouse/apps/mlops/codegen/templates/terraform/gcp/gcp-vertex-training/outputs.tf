output "account_email" {
  description = "Account of the training job."
  value       = module.account.email
}

output "account_id" {
  description = "Resource name of the training job's account."
  value       = module.account.id
}

output "task" {
  description = "Step of a workflow that trains and registers a candidate."
  value = jsonencode({
    name = "train"
    call = "googleapis.aiplatform.v1.projects.locations.customJobs.create"
    args = {
      parent = "projects/${var.project_id}/locations/${var.region}"
      region = var.region
      body = {
        displayName    = "${var.name}-train"
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
            diskSpec = { bootDiskType = "pd-ssd", bootDiskSizeGb = max(100, var.storage_gb) }
            containerSpec = {
              imageUri = var.image
              args     = ["train"]
              env      = [for key, value in var.settings : { name = key, value = value }]
            }
          }]
        }
      }
    }
  })
}
