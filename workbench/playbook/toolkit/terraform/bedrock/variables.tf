variable "use_case" {
  type        = string
  description = "Name of the AI feature, as in the usage logs"
}

variable "environment" {
  type        = string
  description = "production, sandbox, ...; one AWS account each"
}

variable "account_id" {
  type = string
}

variable "region" {
  type = string
}

variable "model_arns" {
  type        = list(string)
  description = "Foundation models the feature may call; never a wildcard"
}

variable "copy_from_arn" {
  type        = string
  description = "Foundation model or system profile the use case's inference profile is made from"
}

variable "log_retention_days" {
  type    = number
  default = 400
}

variable "evidence_days" {
  type        = number
  default     = 2555
  description = "How long pseudonymised evidence is locked"
}

variable "monthly_budget_usd" {
  type = number
}

variable "alert_email" {
  type = string
}

variable "p95_latency_ms" {
  type    = number
  default = 10000
}

variable "requests_per_minute_quota" {
  type = number
}

variable "quota_code" {
  type        = string
  description = "Service quota of the model's requests per minute (aws service-quotas list-service-quotas --service-code bedrock)"
}

variable "provisioned_model_units" {
  type    = number
  default = 0
}

variable "vpc_id" {
  type    = string
  default = ""
}

variable "subnet_ids" {
  type    = list(string)
  default = []
}
