variable "use_case" {
  type        = string
  description = "Name of the AI feature, as in the usage logs"
}

variable "environment" {
  type        = string
  description = "production, sandbox, ...; one project each"
}

variable "project_id" {
  type = string
}

variable "project_number" {
  type        = string
  description = "Number of the project: a billing budget takes no id"
}

variable "location" {
  type        = string
  description = "A region, never global: a global endpoint leaves the allowed regions"
}

variable "billing_account" {
  type = string
}

variable "monthly_budget_usd" {
  type = number
}

variable "alert_email" {
  type = string
}

variable "evidence_days" {
  type    = number
  default = 2555
}

variable "log_days" {
  type    = number
  default = 400
}

variable "error_ratio" {
  type    = number
  default = 0.01
}

variable "p95_latency_ms" {
  type    = number
  default = 10000
}

variable "quota_id" {
  type        = string
  description = "Quota to cap, e.g. GenerateContentRequestsPerMinutePerProjectPerModel"
}

variable "requests_per_minute_quota" {
  type = number
}
