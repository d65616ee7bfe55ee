# What a person may set, as TF_VAR_name or in a .tfvars file. The table in README.md is held to this file by a test.

variable "region" {
  description = "AWS region of everything but CloudFront"
  type        = string
  default     = "eu-central-1"
}

variable "bucket_suffix" {
  description = "End of the buckets' names, which are the whole world's; empty for the account's number"
  type        = string
  default     = ""
}

variable "protect_data" {
  description = "Whether tables refuse to be deleted and buckets to go while something is in them"
  type        = bool
  default     = true
}

variable "domain_name" {
  description = "Own host name, such as video.example.org; empty for CloudFront's"
  type        = string
  default     = ""

  validation {
    condition     = var.domain_name == "" || can(regex("^[a-z0-9.-]+$", var.domain_name))
    error_message = "domain_name is a host name: no scheme, no path."
  }
}

variable "certificate_arn" {
  description = "ACM certificate in us-east-1 for domain_name"
  type        = string
  default     = ""
}

variable "hosted_zone_id" {
  description = "Route 53 zone that gets the record of domain_name; empty where DNS is elsewhere"
  type        = string
  default     = ""
}

variable "price_class" {
  description = "Which of CloudFront's edges serve: PriceClass_100, _200 or _All"
  type        = string
  default     = "PriceClass_100"
}

variable "firewall" {
  description = "Whether AWS WAF stands before everything"
  type        = bool
  default     = false
}

variable "firewall_rate" {
  description = "Requests that one address may make in five minutes before the firewall stops it"
  type        = number
  default     = 20000
}

variable "oidc" {
  description = "Issuer of tokens in place of Cognito; `connect` are further origins that its discovery document names"
  type = object({
    issuer     = string
    client_id  = string
    audience   = optional(string)
    jwks_url   = optional(string, "")
    role_claim = optional(string, "role")
    scope      = optional(string, "openid profile email")
    connect    = optional(list(string), [])
  })
  default = null
}

variable "settings" {
  description = "Further HEADWATER_* settings of all functions, over every other source"
  type        = map(string)
  default     = {}
}

variable "snap_start" {
  description = "Whether functions that somebody waits for start from a snapshot: faster after a pause, costs while it is kept"
  type        = bool
  default     = false
}

variable "log_level" {
  description = "DEBUG, INFO, WARNING or ERROR"
  type        = string
  default     = "INFO"
}

variable "log_retention_days" {
  description = "Days that logs are kept"
  type        = number
  default     = 30
}

variable "cold_after_days" {
  description = "Days after which media and sources move to S3 Intelligent-Tiering"
  type        = number
  default     = 30
}

variable "api_rate" {
  description = "REST calls a second; what comes faster is answered with 429"
  type        = number
  default     = 500
}

variable "api_burst" {
  description = "REST calls that may come at once"
  type        = number
  default     = 1000
}

variable "alarm_email" {
  description = "Where alarms and the budget write to; empty for nowhere"
  type        = string
  default     = ""
}

variable "cost_per_minute_usd" {
  description = "Cost of encoding a minute of video, on an hour's average, above which the alarm rings; storage is not in it"
  type        = number
  default     = 0.05
}

variable "budget_usd" {
  description = "Monthly cost in USD at which a mail is sent (and at 80 %, and when it is foreseen); 0 for none, needs alarm_email"
  type        = number
  default     = 0
}
