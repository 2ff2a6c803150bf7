output "invoker_role_arn" {
  description = "Role the feature assumes to call its models"
  value       = aws_iam_role.invoker.arn
}

output "inference_profile_arn" {
  description = "Call models through this profile: it carries the cost tags"
  value       = aws_bedrock_inference_profile.this.arn
}
