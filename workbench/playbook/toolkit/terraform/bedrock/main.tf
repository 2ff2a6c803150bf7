# Bedrock for one AI feature in one account. Checked against the provider's arguments, never applied
# by the workbench: read the plan before you apply it.

locals {
  name = "${var.use_case}-${var.environment}"
  tags = {
    use_case    = var.use_case
    environment = var.environment
  }
}

# The services that write with this key must be allowed to use it, or delivery fails unseen.
resource "aws_kms_key" "evidence" {
  description             = "Evidence of ${local.name}"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "AccountAdministersTheKey"
        Effect    = "Allow"
        Principal = { AWS = "arn:aws:iam::${var.account_id}:root" }
        Action    = "kms:*"
        Resource  = "*"
      },
      {
        Sid       = "ServicesUseTheKey"
        Effect    = "Allow"
        Principal = { Service = ["bedrock.amazonaws.com", "cloudwatch.amazonaws.com", "logs.${var.region}.amazonaws.com"] }
        Action    = ["kms:GenerateDataKey*", "kms:Decrypt", "kms:DescribeKey"]
        Resource  = "*"
        Condition = { StringEquals = { "aws:SourceAccount" = var.account_id } }
      }
    ]
  })
  tags = local.tags
}

# Kept apart from the locked evidence: destroying a person's key makes their packets unreadable.
resource "aws_kms_key" "pseudonyms" {
  description             = "Pseudonym keys of ${local.name}"
  enable_key_rotation     = true
  deletion_window_in_days = 7
  tags                    = local.tags
}

resource "aws_s3_bucket" "invocations" {
  bucket = "${local.name}-invocations-${var.account_id}"
  tags   = merge(local.tags, { holds = "prompts", keep_days = tostring(var.log_retention_days) })
}

resource "aws_s3_bucket" "evidence" {
  bucket              = "${local.name}-evidence-${var.account_id}"
  object_lock_enabled = true
  tags = merge(local.tags, { holds = "pseudonymised", keep_days = tostring(var.evidence_days) })
}

resource "aws_s3_bucket_versioning" "evidence" {
  bucket = aws_s3_bucket.evidence.id
  versioning_configuration {
    status = "Enabled"
  }
}

# Only the pseudonymised bucket is locked: prompts must stay erasable.
resource "aws_s3_bucket_object_lock_configuration" "evidence" {
  bucket = aws_s3_bucket.evidence.id
  rule {
    default_retention {
      mode = "GOVERNANCE"
      days = var.evidence_days
    }
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "invocations" {
  bucket = aws_s3_bucket.invocations.id
  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.evidence.arn
    }
    bucket_key_enabled = true
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "evidence" {
  bucket = aws_s3_bucket.evidence.id
  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.evidence.arn
    }
    bucket_key_enabled = true
  }
}

resource "aws_s3_bucket_public_access_block" "invocations" {
  bucket                  = aws_s3_bucket.invocations.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_public_access_block" "evidence" {
  bucket                  = aws_s3_bucket.evidence.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_lifecycle_configuration" "invocations" {
  bucket = aws_s3_bucket.invocations.id
  rule {
    id     = "expire"
    status = "Enabled"
    filter {
      prefix = ""
    }
    expiration {
      days = var.log_retention_days
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "evidence" {
  bucket = aws_s3_bucket.evidence.id
  rule {
    id     = "expire-after-the-lock"
    status = "Enabled"
    filter {
      prefix = ""
    }
    expiration {
      days = var.evidence_days + 1
    }
    noncurrent_version_expiration {
      noncurrent_days = 30
    }
  }
  depends_on = [aws_s3_bucket_versioning.evidence]
}

resource "aws_s3_bucket_policy" "invocations" {
  bucket = aws_s3_bucket.invocations.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "BedrockWritesItsLog"
      Effect    = "Allow"
      Principal = { Service = "bedrock.amazonaws.com" }
      Action    = ["s3:PutObject"]
      Resource  = ["${aws_s3_bucket.invocations.arn}/AWSLogs/${var.account_id}/BedrockModelInvocationLogs/*"]
      Condition = {
        StringEquals = { "aws:SourceAccount" = var.account_id }
        ArnLike      = { "aws:SourceArn" = "arn:aws:bedrock:${var.region}:${var.account_id}:*" }
      }
    }]
  })
}

resource "aws_cloudwatch_log_group" "invocations" {
  name              = "/bedrock/${local.name}"
  retention_in_days = var.log_retention_days
  tags              = local.tags
}

resource "aws_iam_role" "logging" {
  name = "${local.name}-logging"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "bedrock.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = var.account_id } }
    }]
  })
  tags = local.tags
}

resource "aws_iam_role_policy" "logging" {
  name = "write-invocation-log"
  role = aws_iam_role.logging.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = ["${aws_cloudwatch_log_group.invocations.arn}:log-stream:aws/bedrock/modelinvocations"]
    }]
  })
}

# One per region and account. Another environment needs another account, or it overwrites this one.
resource "aws_bedrock_model_invocation_logging_configuration" "this" {
  region = var.region
  logging_config {
    text_data_delivery_enabled      = true
    image_data_delivery_enabled     = true
    embedding_data_delivery_enabled = false
    cloudwatch_config {
      log_group_name = aws_cloudwatch_log_group.invocations.name
      role_arn       = aws_iam_role.logging.arn
    }
    s3_config {
      bucket_name = aws_s3_bucket.invocations.id
    }
  }
  depends_on = [aws_s3_bucket_policy.invocations]
}

resource "aws_bedrock_guardrail" "this" {
  name                      = local.name
  blocked_input_messaging   = "This request cannot be answered here."
  blocked_outputs_messaging = "The answer was withheld."
  sensitive_information_policy_config {
    pii_entities_config {
      type   = "CREDIT_DEBIT_CARD_NUMBER"
      action = "BLOCK"
    }
    pii_entities_config {
      type   = "INTERNATIONAL_BANK_ACCOUNT_NUMBER"
      action = "ANONYMIZE"
    }
    pii_entities_config {
      type   = "EMAIL"
      action = "ANONYMIZE"
    }
    pii_entities_config {
      type   = "PHONE"
      action = "ANONYMIZE"
    }
  }
  content_policy_config {
    filters_config {
      type            = "PROMPT_ATTACK"
      input_strength  = "HIGH"
      output_strength = "NONE"
    }
  }
  tags = local.tags
}

resource "aws_bedrock_guardrail_version" "this" {
  guardrail_arn = aws_bedrock_guardrail.this.guardrail_arn
  description   = "Pinned for ${local.name}"
}

# Calls through the profile carry the use case's cost tags; on-demand calls have none.
resource "aws_bedrock_inference_profile" "this" {
  name        = local.name
  description = "Cost tags of ${local.name}"
  model_source {
    copy_from = var.copy_from_arn
  }
  tags = local.tags
}

resource "aws_iam_role" "invoker" {
  name = "${local.name}-invoker"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::${var.account_id}:root" }
      Action    = "sts:AssumeRole"
    }]
  })
  tags = local.tags
}

resource "aws_iam_role_policy" "invoker" {
  name = "invoke-behind-guardrail"
  role = aws_iam_role.invoker.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "Invoke"
        Effect   = "Allow"
        Action   = ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"]
        Resource = concat(var.model_arns, [aws_bedrock_inference_profile.this.arn])
        Condition = {
          StringLike = { "bedrock:GuardrailIdentifier" = "${aws_bedrock_guardrail.this.guardrail_arn}:${aws_bedrock_guardrail_version.this.version}" }
        }
      },
      {
        Sid      = "ApplyGuardrail"
        Effect   = "Allow"
        Action   = ["bedrock:ApplyGuardrail"]
        Resource = [aws_bedrock_guardrail.this.guardrail_arn]
      }
    ]
  })
}

resource "aws_sns_topic" "alerts" {
  name              = "${local.name}-alerts"
  kms_master_key_id = aws_kms_key.evidence.id
  tags              = local.tags
}

resource "aws_sns_topic_subscription" "alerts" {
  topic_arn = aws_sns_topic.alerts.arn
  protocol  = "email"
  endpoint  = var.alert_email
}

resource "aws_cloudwatch_metric_alarm" "latency" {
  alarm_name          = "${local.name}-latency-p95"
  namespace           = "AWS/Bedrock"
  metric_name         = "InvocationLatency"
  extended_statistic  = "p95"
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.p95_latency_ms
  period              = 300
  evaluation_periods  = 3
  dimensions          = { ModelId = aws_bedrock_inference_profile.this.id }
  alarm_actions       = [aws_sns_topic.alerts.arn]
}

resource "aws_cloudwatch_metric_alarm" "throttles" {
  alarm_name          = "${local.name}-throttles"
  namespace           = "AWS/Bedrock"
  metric_name         = "InvocationThrottles"
  statistic           = "Sum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  period              = 300
  evaluation_periods  = 2
  treat_missing_data  = "notBreaching"
  dimensions          = { ModelId = aws_bedrock_inference_profile.this.id }
  alarm_actions       = [aws_sns_topic.alerts.arn]
}

resource "aws_cloudwatch_metric_alarm" "client_errors" {
  alarm_name          = "${local.name}-client-errors"
  namespace           = "AWS/Bedrock"
  metric_name         = "InvocationClientErrors"
  statistic           = "Sum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 10
  period              = 300
  evaluation_periods  = 2
  treat_missing_data  = "notBreaching"
  dimensions          = { ModelId = aws_bedrock_inference_profile.this.id }
  alarm_actions       = [aws_sns_topic.alerts.arn]
}

# Alerts only; the quota below is what stops spend.
resource "aws_budgets_budget" "this" {
  name         = local.name
  budget_type  = "COST"
  time_unit    = "MONTHLY"
  limit_amount = tostring(var.monthly_budget_usd)
  limit_unit   = "USD"
  cost_filter {
    name   = "TagKeyValue"
    values = [format("user:use_case$%s", var.use_case)]
  }
  notification {
    comparison_operator        = "GREATER_THAN"
    notification_type          = "FORECASTED"
    threshold                  = 100
    threshold_type             = "PERCENTAGE"
    subscriber_email_addresses = [var.alert_email]
  }
}

resource "aws_servicequotas_service_quota" "requests" {
  service_code = "bedrock"
  quota_code   = var.quota_code
  value        = var.requests_per_minute_quota
}

resource "aws_ce_anomaly_monitor" "this" {
  name         = local.name
  monitor_type = "CUSTOM"
  monitor_specification = jsonencode({
    Tags = { Key = "user:use_case", Values = [var.use_case], MatchOptions = ["EQUALS"] }
  })
}

resource "aws_ce_anomaly_subscription" "this" {
  name             = local.name
  frequency        = "DAILY"
  monitor_arn_list = [aws_ce_anomaly_monitor.this.arn]
  subscriber {
    type    = "EMAIL"
    address = var.alert_email
  }
  threshold_expression {
    dimension {
      key           = "ANOMALY_TOTAL_IMPACT_PERCENTAGE"
      match_options = ["GREATER_THAN_OR_EQUAL"]
      values        = ["40"]
    }
  }
}

resource "aws_bedrock_provisioned_model_throughput" "this" {
  count                  = var.provisioned_model_units > 0 ? 1 : 0
  provisioned_model_name = local.name
  model_arn              = var.model_arns[0]
  model_units            = var.provisioned_model_units
  tags                   = local.tags
}

resource "aws_vpc_endpoint" "runtime" {
  count               = var.vpc_id == "" ? 0 : 1
  vpc_id              = var.vpc_id
  service_name        = "com.amazonaws.${var.region}.bedrock-runtime"
  vpc_endpoint_type   = "Interface"
  subnet_ids          = var.subnet_ids
  private_dns_enabled = true
  tags                = local.tags
}
