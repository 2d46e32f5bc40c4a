variable "name" {
  description = "Name of the system."
  type        = string
}

variable "namespace" {
  description = "Namespace of the system."
  type        = string
}

variable "labels" {
  description = "Labels of every resource."
  type        = map(string)
}

variable "app" {
  description = "Name of the job."
  type        = string
}

variable "image" {
  description = "Container image, with a tag or digest."
  type        = string
}

variable "args" {
  description = "Arguments of the entry point."
  type        = list(string)
}

variable "settings" {
  description = "Environment."
  type        = map(string)
  default     = {}
}

variable "secrets" {
  description = "Kubernetes secrets whose keys become environment variables."
  type        = list(string)
  default     = []
}

variable "schedule" {
  description = "When to run: minute, hour, day of month, month, day of week (UTC)."
  type        = string
}

variable "suspend" {
  description = "Whether only something else starts it."
  type        = bool
  default     = false
}

variable "cpu" {
  description = "Virtual CPUs."
  type        = number
  default     = 0.5
}

variable "memory_mb" {
  description = "Memory in MiB."
  type        = number
  default     = 1024
}

variable "gpu" {
  description = "GPUs."
  type        = number
  default     = 0
}
