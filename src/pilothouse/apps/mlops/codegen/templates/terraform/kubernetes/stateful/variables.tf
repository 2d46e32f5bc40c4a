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
  description = "Name of the workload."
  type        = string
}

variable "image" {
  description = "Container image, with a tag or digest."
  type        = string
}

variable "command" {
  description = "Entry point; null keeps the image's own."
  type        = list(string)
  default     = null
}

variable "args" {
  description = "Arguments of the entry point."
  type        = list(string)
  default     = []
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

variable "files" {
  description = "Files under /etc/system, by name."
  type        = map(string)
  default     = {}
}

variable "port" {
  description = "Port of the service."
  type        = number
}

variable "metrics_port" {
  description = "Port that Prometheus scrapes; 0 is none."
  type        = number
  default     = 0
}

variable "nodes" {
  description = "Pods."
  type        = number
  default     = 1
}

variable "cpu" {
  description = "Virtual CPUs of a pod."
  type        = number
  default     = 0.5
}

variable "memory_mb" {
  description = "Memory of a pod in MiB."
  type        = number
  default     = 1024
}

variable "storage_gb" {
  description = "Volume of a pod in GiB."
  type        = number
  default     = 20
}

variable "storage_class" {
  description = "Storage class of the volumes."
  type        = string
}

variable "data_path" {
  description = "Where the volume is mounted."
  type        = string
  default     = "/data"
}

variable "run_as_user" {
  description = "User id of the process."
  type        = number
  default     = 10001
}

variable "allow_from" {
  description = "Workloads of this namespace that may call it."
  type        = list(string)
  default     = []
}

variable "allow_namespaces" {
  description = "Namespaces whose pods may call it."
  type        = list(string)
  default     = []
}
