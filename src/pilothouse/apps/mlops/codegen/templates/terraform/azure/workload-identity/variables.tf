variable "name" {
  description = "Prefix of every resource name."
  type        = string
}

variable "purpose" {
  description = "What the identity is for; the second half of its name."
  type        = string
}

variable "region" {
  description = "Region of the identity."
  type        = string
}

variable "resource_group_name" {
  description = "Resource group of the system."
  type        = string
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
}

variable "storage_account_id" {
  description = "Storage account of the containers."
  type        = string
  default     = ""
}

variable "read_containers" {
  description = "Containers it may read."
  type        = list(string)
  default     = []
}

variable "write_containers" {
  description = "Containers it may write."
  type        = list(string)
  default     = []
}

variable "grants" {
  description = "Roles on single resources."
  type        = list(object({ scope = string, role = string }))
  default     = []
}
