output "invoker_email" {
  description = "Service account the feature runs as"
  value       = google_service_account.invoker.email
}

output "model_armor_template" {
  description = "Template that screens prompts and answers"
  value       = google_model_armor_template.this.name
}
