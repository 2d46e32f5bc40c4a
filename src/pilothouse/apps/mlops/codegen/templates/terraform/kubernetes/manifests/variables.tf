variable "release" {
  description = "Name of the Helm release."
  type        = string
}

variable "namespace" {
  description = "Namespace of the resources."
  type        = string
}

variable "manifests" {
  description = "Manifests to apply, as HCL objects."
  type        = any
}
