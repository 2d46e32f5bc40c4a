variable "name" {
  description = "Prefix of every resource name."
  type        = string
}

variable "purpose" {
  description = "What the role is for; the second half of its name."
  type        = string
}

variable "services" {
  description = "AWS services that may assume the role."
  type        = list(string)
}

variable "trust_policy" {
  description = "Trust policy to use in place of the usual one, as JSON."
  type        = string
  default     = null
}

variable "kms_key_arn" {
  description = "Key of the data."
  type        = string
}

variable "bucket_arns" {
  description = "Buckets it works with."
  type        = list(string)
  default     = []
}

variable "read_prefixes" {
  description = "Prefixes it may read."
  type        = list(string)
  default     = []
}

variable "write_prefixes" {
  description = "Prefixes it may write."
  type        = list(string)
  default     = []
}

variable "read_table_arns" {
  description = "Tables it may read."
  type        = list(string)
  default     = []
}

variable "write_table_arns" {
  description = "Tables it may write."
  type        = list(string)
  default     = []
}

variable "secret_arns" {
  description = "Secrets it may read."
  type        = list(string)
  default     = []
}

variable "repository_arns" {
  description = "Image repositories it may pull from."
  type        = list(string)
  default     = []
}

variable "log_group_arns" {
  description = "Log groups it may write to."
  type        = list(string)
  default     = []
}

variable "policy_documents" {
  description = "Further policy documents, as JSON, merged into the role's policy."
  type        = list(string)
  default     = []
}

variable "permissions_boundary_arn" {
  description = "Outer limit of the role."
  type        = string
  default     = null
}
