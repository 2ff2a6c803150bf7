# Vertex AI publisher models for one AI feature in one project. Checked against the provider's
# arguments, never applied by the workbench: read the plan before you apply it.
# Calling Gemini or Claude needs no endpoint resource. Request-response logging of publisher models
# has no Terraform resource: run enable_request_logging.sh once after apply.

locals {
  name = "${var.use_case}-${var.environment}"
  labels = {
    use_case    = var.use_case
    environment = var.environment
  }
  services = toset([
    "aiplatform.googleapis.com", "logging.googleapis.com", "monitoring.googleapis.com",
    "dlp.googleapis.com", "modelarmor.googleapis.com", "cloudkms.googleapis.com",
    "bigquery.googleapis.com", "cloudquotas.googleapis.com", "billingbudgets.googleapis.com",
  ])
}

resource "google_project_service" "this" {
  for_each           = local.services
  project            = var.project_id
  service            = each.value
  disable_on_destroy = false
}

resource "google_service_account" "invoker" {
  project      = var.project_id
  account_id   = "${var.use_case}-invoker"
  display_name = "Calls models for ${local.name}"
}

resource "google_project_iam_custom_role" "invoker" {
  project     = var.project_id
  role_id     = replace("${var.use_case}_invoker", "-", "_")
  title       = "Calls models, nothing else"
  permissions = ["aiplatform.endpoints.predict"]
}

resource "google_project_iam_member" "invoker" {
  project = var.project_id
  role    = google_project_iam_custom_role.invoker.id
  member  = "serviceAccount:${google_service_account.invoker.email}"
}

# Off by default: without it nothing records who called.
resource "google_project_iam_audit_config" "aiplatform" {
  project = var.project_id
  service = "aiplatform.googleapis.com"
  audit_log_config {
    log_type = "DATA_READ"
  }
  audit_log_config {
    log_type = "DATA_WRITE"
  }
}

resource "google_kms_key_ring" "this" {
  project  = var.project_id
  name     = local.name
  location = var.location
}

resource "google_kms_crypto_key" "evidence" {
  name            = "evidence"
  key_ring        = google_kms_key_ring.this.id
  rotation_period = "7776000s"
}

# Kept apart from the locked evidence: destroying a person's key makes their packets unreadable.
resource "google_kms_crypto_key" "pseudonyms" {
  name            = "pseudonyms"
  key_ring        = google_kms_key_ring.this.id
  rotation_period = "7776000s"
}

resource "google_project_service_identity" "aiplatform" {
  project = var.project_id
  service = "aiplatform.googleapis.com"
}

# Without these grants the services cannot use the key and creation fails.
resource "google_kms_crypto_key_iam_member" "bigquery" {
  crypto_key_id = google_kms_crypto_key.evidence.id
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  member        = "serviceAccount:bq-${var.project_number}@bigquery-encryption.iam.gserviceaccount.com"
}

resource "google_kms_crypto_key_iam_member" "storage" {
  crypto_key_id = google_kms_crypto_key.evidence.id
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  member        = "serviceAccount:service-${var.project_number}@gs-project-accounts.iam.gserviceaccount.com"
}

resource "google_kms_crypto_key_iam_member" "aiplatform" {
  crypto_key_id = google_kms_crypto_key.evidence.id
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  member        = "serviceAccount:service-${var.project_number}@gcp-sa-aiplatform.iam.gserviceaccount.com"
  depends_on    = [google_project_service_identity.aiplatform]
}

resource "google_bigquery_dataset" "requests" {
  project                     = var.project_id
  dataset_id                  = replace("${local.name}_requests", "-", "_")
  location                    = var.location
  default_table_expiration_ms = var.log_days * 86400000
  labels                      = local.labels
  default_encryption_configuration {
    kms_key_name = google_kms_crypto_key.evidence.id
  }
  depends_on = [google_kms_crypto_key_iam_member.bigquery]
}

# Only pseudonymised packets are locked: prompts, in BigQuery above, must stay erasable.
resource "google_storage_bucket" "evidence" {
  project                     = var.project_id
  name                        = "${local.name}-evidence-${var.project_number}"
  location                    = var.location
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  labels = {
    use_case    = var.use_case
    environment = var.environment
    holds       = "pseudonymised"
  }
  retention_policy {
    retention_period = var.evidence_days * 86400
  }
  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      age = var.evidence_days + 30
    }
  }
  encryption {
    default_kms_key_name = google_kms_crypto_key.evidence.id
  }
  depends_on = [google_kms_crypto_key_iam_member.storage]
}

resource "google_monitoring_notification_channel" "email" {
  project      = var.project_id
  display_name = "${local.name} alerts"
  type         = "email"
  labels       = { email_address = var.alert_email }
}

resource "google_monitoring_alert_policy" "errors" {
  project               = var.project_id
  display_name          = "${local.name} error ratio"
  combiner              = "OR"
  notification_channels = [google_monitoring_notification_channel.email.id]
  conditions {
    display_name = "error ratio above ${var.error_ratio}"
    condition_threshold {
      filter             = "resource.type=\"aiplatform.googleapis.com/PublisherModel\" AND metric.type=\"aiplatform.googleapis.com/publisher/online_serving/model_invocation_count\" AND metric.labels.response_code!=\"200\""
      denominator_filter = "resource.type=\"aiplatform.googleapis.com/PublisherModel\" AND metric.type=\"aiplatform.googleapis.com/publisher/online_serving/model_invocation_count\""
      comparison         = "COMPARISON_GT"
      threshold_value    = var.error_ratio
      duration           = "300s"
      aggregations {
        alignment_period     = "300s"
        per_series_aligner   = "ALIGN_DELTA"
        cross_series_reducer = "REDUCE_SUM"
      }
      denominator_aggregations {
        alignment_period     = "300s"
        per_series_aligner   = "ALIGN_DELTA"
        cross_series_reducer = "REDUCE_SUM"
      }
    }
  }
}

resource "google_monitoring_alert_policy" "latency" {
  project               = var.project_id
  display_name          = "${local.name} p95 latency"
  combiner              = "OR"
  notification_channels = [google_monitoring_notification_channel.email.id]
  conditions {
    display_name = "p95 above ${var.p95_latency_ms} ms"
    condition_threshold {
      filter          = "resource.type=\"aiplatform.googleapis.com/PublisherModel\" AND metric.type=\"aiplatform.googleapis.com/publisher/online_serving/model_invocation_latencies\""
      comparison      = "COMPARISON_GT"
      threshold_value = var.p95_latency_ms
      duration        = "600s"
      aggregations {
        alignment_period   = "300s"
        per_series_aligner = "ALIGN_PERCENTILE_95"
      }
    }
  }
}

# Alerts only; the quota below is what stops spend.
resource "google_billing_budget" "this" {
  billing_account = var.billing_account
  display_name    = local.name
  budget_filter {
    projects = ["projects/${var.project_number}"]
  }
  amount {
    specified_amount {
      currency_code = "USD"
      units         = tostring(var.monthly_budget_usd)
    }
  }
  threshold_rules {
    threshold_percent = 0.8
  }
  threshold_rules {
    threshold_percent = 1.0
    spend_basis       = "FORECASTED_SPEND"
  }
  all_updates_rule {
    monitoring_notification_channels = [google_monitoring_notification_channel.email.id]
  }
}

resource "google_cloud_quotas_quota_preference" "requests" {
  parent        = "projects/${var.project_id}"
  name          = "${local.name}-requests"
  service       = "aiplatform.googleapis.com"
  quota_id      = var.quota_id
  contact_email = var.alert_email
  dimensions    = { region = var.location }
  quota_config {
    preferred_value = tostring(var.requests_per_minute_quota)
  }
}

resource "google_model_armor_template" "this" {
  project     = var.project_id
  location    = var.location
  template_id = local.name
  labels      = local.labels
  filter_config {
    pi_and_jailbreak_filter_settings {
      filter_enforcement = "ENABLED"
      confidence_level   = "MEDIUM_AND_ABOVE"
    }
    sdp_settings {
      basic_config {
        filter_enforcement = "ENABLED"
      }
    }
    malicious_uri_filter_settings {
      filter_enforcement = "ENABLED"
    }
  }
}
