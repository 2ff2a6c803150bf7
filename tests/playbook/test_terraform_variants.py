"""The six faults in other spellings, what must not be called a fault, and what a module costs."""

import json

import pytest

from workbench.errors import InputError
from workbench.playbook.hcl import parse_terraform
from workbench.playbook.privileges import hcl_policies, privilege_faults
from workbench.playbook.scaffold import TOOLKIT
from workbench.playbook.terraform import lint_folder, lint_module, lint_tree, read_module
from workbench.playbook.terraform_cost import CostLine, estimate

CAP = 'resource "aws_servicequotas_service_quota" "q" {\n service_code = "bedrock"\n quota_code = "L-1"\n value = 5\n}\n'
GOOGLE_CAP = 'resource "google_cloud_quotas_quota_preference" "q" {\n quota_config {\n preferred_value = "5"\n }\n}\n'


def rules(text: str) -> list[str]:
    return [found.rule for found in lint_module([parse_terraform(text, name="planted.tf")])]


def endpoint(name: str, *, more: str = "") -> str:
    return (
        f'resource "google_vertex_ai_endpoint" "e" {{\n name = {name}\n display_name = "e"\n location = "x"\n}}\n'
        + more
    )


def budget(filters: str, *, more: str = "") -> str:
    return (
        'resource "aws_budgets_budget" "b" {\n budget_type = "COST"\n time_unit = "MONTHLY"\n'
        f"{filters}\n}}\n{CAP}{more}"
    )


def tag_filter(values: str) -> str:
    return f' cost_filter {{\n name = "TagKeyValue"\n values = {values}\n }}'


def google_budget(filters: str, *, more: str = "") -> str:
    return (
        'resource "google_billing_budget" "b" {\n billing_account = "x"\n'
        f"{filters}\n amount {{\n last_period_amount = true\n }}\n}}\n{GOOGLE_CAP}{more}"
    )


LOGGING = (
    'resource "aws_bedrock_model_invocation_logging_configuration" "{name}" {{\n{head} logging_config {{\n'
    " text_data_delivery_enabled = true\n{inner} }}\n}}\n"
)


def logging(name: str, head: str = "", inner: str = "") -> str:
    return LOGGING.format(name=name, head=head, inner=inner)


def bucket(body: str) -> str:
    return f'resource "aws_s3_bucket" "b" {{\n bucket = "prompts"\n{body}\n}}\n'


LOCK = 'resource "aws_s3_bucket_object_lock_configuration" "l" {{\n bucket = {name}\n}}\n'
RETENTION = (
    ' dynamic "retention_policy" {\n for_each = [1]\n content {\n retention_period = 1\n }\n }'
)


def google_bucket(body: str) -> str:
    return f'resource "google_storage_bucket" "b" {{\n name = "p"\n location = "EU"\n{body}\n}}\n'


PLANTED = [
    ("endpoint name", endpoint('"12345678901"')),
    ("endpoint name", endpoint('"0123"')),
    ("endpoint name", endpoint("12345678901")),
    ("endpoint name", endpoint('"${var.use_case}-endpoint"')),
    ("endpoint name", endpoint("var.n", more='variable "n" {\n default = "my-endpoint"\n}\n')),
    ("endpoint name", endpoint("local.n", more='locals {\n n = "${local.m}-1"\n m = "ep"\n}\n')),
    ("endpoint name", endpoint('format("ep-%s", var.n)')),
    ("endpoint name", endpoint("<<EOF\nmy-endpoint\nEOF")),
    ("one logging configuration", logging("a") + logging("b")),
    ("one logging configuration", logging("a", ' region = "eu-west-1"\n') + logging("b", " region = var.r\n")
     + 'variable "r" {\n default = "eu-west-1"\n}\n'),
    ("one logging configuration", logging("a", " for_each = toset(var.environments)\n")),
    ("one logging configuration", logging("a", " count = 2\n")),
    ("one logging configuration", logging("a", " count = length(var.environments)\n")),
    ("escaped interpolation", budget(tag_filter('["user:use_case$${ var.use_case }"]'))),
    ("escaped interpolation", budget(tag_filter("local.f"), more='locals {\n f = ["user:use_case$${local.x}"]\n x = 1\n}\n')),
    ("escaped interpolation", budget(' dynamic "cost_filter" {\n for_each = [1]\n content {\n name = "TagKeyValue"\n values = ["user:a$${each.value}"]\n }\n }')),
    ("escaped interpolation", 'resource "aws_sns_topic" "t" {\n display_name = <<EOF\n$${var.x}\nEOF\n}\n'),
    ("budget filter", budget(tag_filter('["user:use_case${var.use_case}"]'))),
    ("budget filter", budget(tag_filter('["use_case"]'))),
    ("budget filter", budget(tag_filter('[format("user:use_case%s", var.x)]'))),
    ("project number", google_budget(' budget_filter {\n projects = [var.project_id]\n }')),
    ("project number", google_budget(' budget_filter {\n projects = ["projects/my-project"]\n }')),
    ("project number", google_budget(' budget_filter {\n projects = [format("projects/%s", var.project_id)]\n }')),
    ("project number", google_budget(' budget_filter {\n projects = ["projects/${data.google_project.p.project_id}"]\n }')),
    ("project number", google_budget(" budget_filter {\n projects = local.p\n }", more='locals {\n p = ["projects/${var.id}"]\n}\n')),
    ("project number", google_budget(" budget_filter {\n projects = [var.number_of]\n }", more='variable "number_of" {\n default = "projects/shop"\n}\n')),
    ("project number", google_budget(' dynamic "budget_filter" {\n for_each = [1]\n content {\n projects = ["projects/shop"]\n }\n }')),
    ("budget is no cap", budget("").replace(CAP, "")),
    ("budget is no cap", budget("").replace(CAP, CAP.replace("{\n", "{\n count = 0\n", 1))),
    ("budget is no cap", budget("").replace(CAP, CAP.replace("{\n", "{\n count = var.cap ? 1 : 0\n", 1)) + 'variable "cap" {\n default = false\n}\n'),
    ("budget is no cap", budget("").replace(CAP, GOOGLE_CAP)),
    ("budget is no cap", budget("").replace(CAP, 'resource "aws_budgets_budget_action" "a" {\n approval_model = "MANUAL"\n}\n')),
    ("lock against erasure", bucket(' tags = local.t') + LOCK.format(name="aws_s3_bucket.b.id") + 'locals {\n t = { holds = "prompts" }\n}\n'),
    ("lock against erasure", bucket(' tags = merge(local.t, { holds = "prompts" })') + LOCK.format(name="aws_s3_bucket.b.bucket") + 'locals {\n t = { holds = "pseudonymised" }\n}\n'),
    ("lock against erasure", bucket("") + LOCK.format(name='"prompts"')),
    ("lock against erasure", bucket("") + LOCK.format(name="var.b") + 'variable "b" {\n default = "prompts"\n}\n'),
    ("lock against erasure", LOCK.format(name='"elsewhere"')),
    ("lock against erasure", bucket(' object_lock_configuration {\n rule {\n default_retention {\n mode = "COMPLIANCE"\n days = 9\n }\n }\n }')),
    ("lock against erasure", google_bucket(RETENTION)),
    ("lock against erasure", google_bucket(" labels = { holds = var.h }\n retention_policy {\n retention_period = 9\n }") + 'variable "h" {\n default = "prompts"\n}\n'),
    ("lock against erasure", 'resource "google_logging_project_bucket_config" "l" {\n project = "p"\n location = "EU"\n bucket_id = "b"\n locked = true\n}\n'),
    ("lock against erasure", bucket(' tags = { holds = "pseudonymised" }') + LOCK.format(name="aws_s3_bucket.b.id")
     + logging("a", inner=" s3_config {\n bucket_name = aws_s3_bucket.b.id\n }\n")),
    ("schema", 'resource "google_vertex_ai_endpoint_deployed_model" "m" {\n model = "m"\n}\n'),
    ("schema", bucket(' dynamic "lifecycle_rule" {\n for_each = [1]\n content {\n enabledd = true\n }\n }')),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "text"), PLANTED)
def test_a_planted_fault_is_caught_in_any_spelling(rule, text):
    assert rule in rules(text)


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("endpoint name", endpoint('"1234567890"')),
        ("endpoint name", endpoint("var.n", more='variable "n" {\n default = "77"\n}\n')),
        ("endpoint name", endpoint("var.n", more='variable "n" {\n type = string\n}\n')),
        ("one logging configuration", logging("a", ' region = "eu-west-1"\n') + logging("b", ' region = "us-east-1"\n')),
        ("one logging configuration", logging("a", ' provider = aws.sandbox\n') + logging("b", ' provider = aws.production\n')),
        ("one logging configuration", logging("a", " count = 1\n")),
        ("escaped interpolation", 'resource "aws_iam_policy" "p" {\n policy = "a$${aws:username}"\n}\n'),
        ("escaped interpolation", '# "user:x$${var.y}"\n/* $${var.x}\n$${var.z} */\n'),
        ("budget filter", budget(tag_filter('[format("user:use_case$%s", var.x)]'))),
        ("budget filter", budget(tag_filter('["user:use_case$shop"]'))),
        ("project number", google_budget(' budget_filter {\n projects = ["projects/12345"]\n }')),
        ("project number", google_budget(' budget_filter {\n projects = ["projects/${data.google_project.p.number}"]\n }')),
        ("budget is no cap", budget("")),
        ("lock against erasure", bucket(' tags = merge({ a = 1 }, { holds = "pseudonymised" })') + LOCK.format(name="aws_s3_bucket.b.id")),
        ("lock against erasure", bucket(" object_lock_enabled = true")),
    ],
)  # fmt: skip
def test_what_is_right_is_not_called_a_fault(rule, text):
    assert rule not in rules(text)


def test_one_module_called_for_two_environments_of_one_account_is_caught(tmp_path):
    (tmp_path / "bedrock").mkdir()
    (tmp_path / "bedrock" / "main.tf").write_text(logging("this"))
    call = 'module "{name}" {{\n source = "./bedrock"\n{more}}}\n'
    (tmp_path / "main.tf").write_text(
        call.format(name="a", more="") + call.format(name="b", more="")
    )
    assert [(f.file, f.address) for f in lint_tree(tmp_path)] == [("main.tf", "module.b")]
    apart = " providers = {{ aws = aws.{} }}\n"
    (tmp_path / "main.tf").write_text(
        call.format(name="a", more=apart.format("one"))
        + call.format(name="b", more=apart.format("two"))
    )
    assert lint_tree(tmp_path) == []


WIDE = {"Effect": "Allow", "Action": "bedrock:*", "Resource": "*"}


@pytest.mark.parametrize(
    "text",
    [
        f'resource "aws_iam_policy" "p" {{\n policy = <<EOF\n{json.dumps({"Statement": [WIDE]})}\nEOF\n}}\n',
        f'resource "aws_iam_policy" "p" {{\n policy = <<-EOF\n  {json.dumps({"Statement": WIDE}, indent=1)}\n  EOF\n}}\n',
        'resource "aws_iam_role_policy" "p" {\n role = "r"\n policy = jsonencode({ Statement = { Effect = "Allow", Action = ["bedrock:*"], Resource = "*" } })\n}\n',
        'resource "aws_iam_role_policy" "p" {\n role = "r"\n policy = jsonencode({ Statement = local.s })\n}\nlocals {\n s = [{ Effect = "Allow", Action = "bedrock:InvokeModel", Resource = "*" }]\n}\n',
        'resource "aws_iam_role" "r" {\n assume_role_policy = "{}"\n inline_policy {\n name = "x"\n policy = jsonencode({ Statement = [{ Effect = "Allow", Action = "*", Resource = "*" }] })\n }\n}\n',
        'data "aws_iam_policy_document" "d" {\n statement {\n actions = ["bedrock:InvokeModel"]\n resources = ["*"]\n }\n}\n',
        'data "aws_iam_policy_document" "d" {\n statement {\n not_actions = ["iam:*"]\n resources = ["arn:aws:bedrock:::x"]\n }\n}\n',
        'resource "aws_iam_policy" "p" {\n policy = jsonencode({ Statement = [{ Effect = "Allow", NotAction = ["iam:*"], Resource = "arn:x" }] })\n}\n',
        'resource "aws_iam_policy" "p" {\n policy = jsonencode({ Statement = [{ Effect = "Allow", Action = "bedrock:InvokeModel", Resource = "arn:aws:bedrock:eu-west-1::foundation-model/*", Condition = { StringEquals = { "bedrock:GuardrailIdentifier" = "g" } } }] })\n}\n',
        'resource "google_project_iam_member" "m" {\n project = "p"\n role = "roles/aiplatform.user"\n member = "x"\n}\n',
        'resource "google_project_iam_binding" "m" {\n project = "p"\n role = "roles/editor"\n members = ["x"]\n}\n',
        'resource "google_project_iam_custom_role" "c" {\n role_id = "r"\n title = "t"\n permissions = ["aiplatform.endpoints.predict", "aiplatform.endpoints.delete"]\n}\n',
    ],
)  # fmt: skip
def test_a_wide_policy_is_caught_however_it_is_written(text):
    policies = list(hcl_policies(parse_terraform(text, name="p.tf")))
    assert policies
    assert any(privilege_faults(policy) for policy in policies)


def test_a_narrow_policy_document_holds():
    text = (
        'data "aws_iam_policy_document" "d" {\n statement {\n actions = ["bedrock:InvokeModel"]\n'
        ' resources = [aws_bedrock_inference_profile.p.arn]\n condition {\n test = "StringEquals"\n'
        ' variable = "bedrock:GuardrailIdentifier"\n values = ["g"]\n }\n }\n}\n'
    )
    (policy,) = hcl_policies(parse_terraform(text, name="p.tf"))
    assert privilege_faults(policy) == []


LISTED = {
    "vertex": {
        "google_project_service", "google_service_account", "google_project_iam_custom_role",
        "google_project_iam_member", "google_project_iam_audit_config", "google_kms_key_ring",
        "google_kms_crypto_key", "google_kms_crypto_key_iam_member", "google_bigquery_dataset",
        "google_storage_bucket", "google_monitoring_notification_channel",
        "google_monitoring_alert_policy", "google_billing_budget", "google_model_armor_template",
        "google_cloud_quotas_quota_preference",
    },
    "bedrock": {
        "aws_bedrock_model_invocation_logging_configuration", "aws_s3_bucket",
        "aws_s3_bucket_versioning", "aws_s3_bucket_object_lock_configuration",
        "aws_s3_bucket_server_side_encryption_configuration", "aws_s3_bucket_public_access_block",
        "aws_s3_bucket_lifecycle_configuration", "aws_s3_bucket_policy", "aws_cloudwatch_log_group",
        "aws_iam_role", "aws_bedrock_guardrail", "aws_bedrock_guardrail_version",
        "aws_bedrock_inference_profile", "aws_iam_role_policy", "aws_cloudwatch_metric_alarm",
        "aws_budgets_budget", "aws_ce_anomaly_monitor", "aws_ce_anomaly_subscription",
        "aws_sns_topic", "aws_bedrock_provisioned_model_throughput", "aws_vpc_endpoint",
    },
}  # fmt: skip


@pytest.mark.parametrize("module", LISTED)
def test_our_modules_hold_everything_a_production_module_needs(module):
    folder = TOOLKIT / "terraform" / module
    declared = {block.type for file in read_module(folder) for block in file.resources}
    assert LISTED[module] <= declared
    assert "aws:SourceAccount" in (folder / "main.tf").read_text() or module == "vertex"
    assert lint_folder(folder) == []


def test_a_month_is_the_calls_and_the_stores_worked_by_hand():
    calls = [CostLine(what="calls", quantity="", usd=100.0, source="by hand")]
    found = estimate(
        TOOLKIT / "terraform" / "bedrock", calls=calls, requests_per_month=1_000_000, bytes_per_request=15_000
    )  # fmt: skip
    stores = {line.what: line.usd for line in found.lines}
    assert stores["aws_s3_bucket.invocations"] == pytest.approx(
        15 * 400 / 30 * 0.023 + 1_000 * 0.005
    )
    logs = 15 * 0.5 + 15 * 400 / 30 * 0.15 * 0.03
    assert stores["aws_cloudwatch_log_group.invocations"] == pytest.approx(logs)
    assert stores["aws_kms_key.evidence"] is None
    assert found.priced_usd == pytest.approx(sum(usd for usd in stores.values() if usd is not None))
    assert found.unpriced == sum(usd is None for usd in stores.values()) > 0


def test_a_locked_bucket_of_vertex_keeps_for_its_own_days():
    found = estimate(
        TOOLKIT / "terraform" / "vertex", calls=[], requests_per_month=1e6, bytes_per_request=15_000
    )
    line = next(one for one in found.lines if one.what == "google_storage_bucket.evidence")
    assert line.usd == pytest.approx(15 * 2_555 / 30 * 0.02 + 1_000 * 0.005)


def test_a_folder_without_terraform_is_refused(tmp_path):
    with pytest.raises(InputError, match="terraform/bedrock"):
        estimate(tmp_path, calls=[], requests_per_month=1, bytes_per_request=1)
