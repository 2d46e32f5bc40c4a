variable "name" {
  description = "Prefix of every resource name."
  type        = string
}

variable "region" {
  description = "Region of the endpoint."
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

variable "service" {
  description = "Name of the service; the second half of the endpoint's name."
  type        = string
}

variable "subresource" {
  description = "Part of the service that is reached, as Azure names it."
  type        = string
}

variable "resource_id" {
  description = "The service."
  type        = string
}

variable "subnet_id" {
  description = "Subnet of private endpoints."
  type        = string
}

variable "dns_zone_id" {
  description = "Private DNS zone of the service."
  type        = string
}
