variable "name" {
  description = "Prefix of every resource name."
  type        = string
}

variable "purpose" {
  description = "What the account is for; the second half of its name."
  type        = string
}

variable "project_id" {
  description = "Project of the system."
  type        = string
}

variable "bucket_name" {
  description = "Bucket it works with."
  type        = string
  default     = ""
}

variable "read_prefixes" {
  description = "Prefixes of the bucket it may read."
  type        = list(string)
  default     = []
}

variable "write_prefixes" {
  description = "Prefixes of the bucket it may write."
  type        = list(string)
  default     = []
}

variable "grants" {
  description = "Roles on single resources; kind is project, subscription, topic, bigtable or secret."
  type        = list(object({ kind = string, resource = string, role = string }))
  default     = []
}
