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

variable "port" {
  description = "Port of the service."
  type        = number
  default     = 8080
}

variable "metrics_port" {
  description = "Port that Prometheus scrapes; 0 is none."
  type        = number
  default     = 0
}

variable "node_port" {
  description = "Port on every node; 0 is none."
  type        = number
  default     = 0
}

variable "replicas" {
  description = "Pods that always run."
  type        = number
}

variable "max_replicas" {
  description = "Most pods that scaling may start."
  type        = number
}

variable "cpu" {
  description = "Virtual CPUs of a pod."
  type        = number
}

variable "memory_mb" {
  description = "Memory of a pod in MiB."
  type        = number
}

variable "gpu" {
  description = "GPUs of a pod."
  type        = number
  default     = 0
}

variable "scratch" {
  description = "Size of /tmp."
  type        = string
  default     = "1Gi"
}

variable "run_as_user" {
  description = "User id of the process."
  type        = number
  default     = 10001
}

variable "health_path" {
  description = "Path that answers while the process lives."
  type        = string
  default     = "/health/live"
}

variable "ready_path" {
  description = "Path that answers while the process can serve."
  type        = string
  default     = "/health/ready"
}

variable "startup_seconds" {
  description = "Longest time to start."
  type        = number
  default     = 60
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

variable "allow_cidrs" {
  description = "Address ranges that may call it."
  type        = list(string)
  default     = []
}

variable "internet" {
  description = "Whether it may open HTTPS connections to outside the cluster."
  type        = bool
  default     = false
}
