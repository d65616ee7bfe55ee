# What `make package` reads out of the code and writes beside this file as declared.auto.tfvars.json: nothing to set by hand.

variable "stage" {
  description = "Name of the installation: part of every name"
  type        = string
}

variable "architecture" {
  description = "Of the layers' binaries: x86_64 or arm64"
  type        = string
}

variable "runtime" {
  description = "Lambda runtime that the Python layer was built for"
  type        = string
}

variable "app_version" {
  description = "Headwater's version, for pages and tags"
  type        = string
}

variable "layers" {
  description = "Layer name to SHA-256 of its archive"
  type        = map(string)
}

variable "functions" {
  description = "Functions by Chalice's name"
  type = map(object({
    name      = string
    timeout_s = number
  }))
}

variable "tables" {
  description = "Tables by their name without the stage, as the PynamoDB models have them"
  type = map(object({
    hash_key   = string
    range_key  = optional(string)
    ttl        = optional(string)
    attributes = map(string)
    indexes = map(object({
      hash_key   = string
      range_key  = optional(string)
      projection = string
    }))
  }))
}

variable "queues" {
  description = "Queues by their name without the stage, as headwater/local/environment.py has them"
  type = map(object({
    name         = string
    dead_letters = string
    fifo         = bool
    visibility_s = number
    receives     = number
    from_s3      = optional(string)
  }))
}

variable "pages" {
  description = "Path patterns of pages and the file that draws each, as headwater/local/static.py has them"
  type        = list(list(string))
}

variable "page_headers" {
  description = "Security headers by page; `default` is every other page's"
  type        = map(map(string))
}

variable "site_files" {
  description = "Files below site/ with the headers they are stored with"
  type = map(object({
    type          = string
    cache_control = string
  }))
}
