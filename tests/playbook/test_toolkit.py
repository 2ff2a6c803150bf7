"""The toolkit is well formed, each planted fault is caught, and runbook queries run."""

import subprocess
from pathlib import Path

import pytest
import yaml

from workbench.playbook.dossier_files import SCHEMA_NAME
from workbench.playbook.hcl import parse_terraform
from workbench.playbook.privileges import hcl_policies, privilege_faults
from workbench.playbook.prompts import read_prompts
from workbench.playbook.run import run_checks
from workbench.playbook.scaffold import TOOLKIT, runbook_queries, scaffold
from workbench.playbook.terraform import lint_folder, lint_module

MODULES = ("bedrock", "vertex")


def findings(text: str, *, module: str | None = None) -> list[tuple[str, str]]:
    files = [parse_terraform(text, name="planted.tf")]
    if module:
        path = TOOLKIT / "terraform" / module / "main.tf"
        files = [parse_terraform(path.read_text(), name="main.tf"), *files]
    return [(found.rule, found.address) for found in lint_module(files)]


@pytest.mark.parametrize("module", MODULES)
def test_our_modules_have_no_finding(module):
    assert lint_folder(TOOLKIT / "terraform" / module) == []


@pytest.mark.parametrize("module", MODULES)
def test_our_invokers_may_only_invoke(module):
    text = (TOOLKIT / "terraform" / module / "main.tf").read_text()
    invokers = [
        policy for policy in hcl_policies(parse_terraform(text, name="main.tf"))
        if any(a.startswith(("bedrock:", "aiplatform.")) for a in policy.actions)
    ]  # fmt: skip
    assert invokers
    assert [fault for policy in invokers for fault in privilege_faults(policy)] == []


@pytest.mark.parametrize(
    ("rule", "text", "module"),
    [
        (
            "endpoint name",
            'resource "google_vertex_ai_endpoint" "e" {\n name = "my-endpoint"\n display_name = "e"\n'
            ' location = "europe-west4"\n}',
            None,
        ),
        (
            "one logging configuration",
            'resource "aws_bedrock_model_invocation_logging_configuration" "sandbox" {\n'
            " region = var.region\n logging_config {\n text_data_delivery_enabled = true\n }\n}",
            "bedrock",
        ),
        (
            "escaped interpolation",
            'resource "aws_budgets_budget" "b" {\n budget_type = "COST"\n time_unit = "MONTHLY"\n'
            ' cost_filter {\n name = "TagKeyValue"\n values = ["user:use_case$${var.use_case}"]\n }\n}',
            "bedrock",
        ),
        (
            "project number",
            'resource "google_billing_budget" "b" {\n billing_account = "x"\n budget_filter {\n'
            ' projects = ["projects/${var.project_id}"]\n }\n amount {\n last_period_amount = true\n }\n}',
            "vertex",
        ),
        (
            "budget is no cap",
            'resource "aws_budgets_budget" "b" {\n budget_type = "COST"\n time_unit = "MONTHLY"\n}',
            None,
        ),
        (
            "lock against erasure",
            'resource "google_storage_bucket" "b" {\n name = "prompts"\n location = "EU"\n'
            " retention_policy {\n retention_period = 1\n }\n}",
            None,
        ),
        (
            "lock against erasure",
            'resource "aws_s3_bucket" "b" {\n bucket = "prompts"\n tags = { holds = "prompts" }\n}\n'
            'resource "aws_s3_bucket_object_lock_configuration" "b" {\n bucket = aws_s3_bucket.b.id\n}',
            None,
        ),
        ("schema", 'resource "google_vertex_ai_model" "m" {\n name = "m"\n}', None),
        ("schema", 'resource "aws_sns_topic" "t" {\n nmae = "t"\n}', None),
        ("schema", 'resource "aws_bedrock_guardrail" "g" {\n name = "g"\n}', None),
        (
            "schema",
            'resource "google_billing_budget" "b" {\n billing_account = "x"\n amount = 5\n}',
            None,
        ),
    ],
)
def test_each_planted_fault_is_caught(rule, text, module):
    assert rule in [found for found, _ in findings(text, module=module)]


def test_the_faults_planted_are_the_only_findings_in_our_module():
    text = 'resource "aws_sns_topic" "t" {\n nmae = "t"\n}'
    assert findings(text, module="bedrock") == [("schema", "aws_sns_topic.t")]


def test_shell_step_is_a_valid_script():
    script = TOOLKIT / "terraform" / "vertex" / "enable_request_logging.sh"
    assert subprocess.run(["sh", "-n", script], check=False).returncode == 0


def test_scaffold_writes_once_and_keeps_what_is_there(tmp_path: Path):
    first = scaffold(tmp_path)
    assert (tmp_path / "dossiers" / SCHEMA_NAME) in first
    runbook = tmp_path / "runbooks" / "spike.md"
    runbook.write_text("mine")
    scaffold(tmp_path)
    assert runbook.read_text() == "mine"
    library = read_prompts(tmp_path / "prompts")
    assert library.faults == ()
    assert set(library.prompts) == {"answer-with-sources"}


def test_runbook_queries_run_on_the_views(tmp_path, workspace):
    scaffold(tmp_path)
    evidence = workspace.written()
    evidence.store.execute("ALTER TABLE daily_cost ADD COLUMN tenant VARCHAR")
    queries = runbook_queries(tmp_path)
    assert {name: len(found) for name, found in queries.items()} == {
        "abuse": 2, "hallucination": 2, "spike": 2,
    }  # fmt: skip
    for found in queries.values():
        assert all(evidence.rows(query, {}) for query in found)


def test_the_scaffolded_modules_pass_least_privilege(workspace):
    del workspace.files["terraform/invoker.json"]
    evidence = workspace.written()
    scaffold(evidence.folder)
    report = run_checks(evidence, stage=3)
    assert next(c for c in report.checks if c.check_id == "G3-05").verdict == "pass"


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"fallback": "nowhere"}, "fallback nowhere is not in the library"),
        ({"fallback": "answer-with-sources"}, "its fallbacks go in a circle"),
        ({"models": ["gpt-5-latest"]}, "moves by itself"),
        ({"variables": ["question", "passages", "tone"]}, "variable tone is not in the template"),
        ({"tests": []}, "tests"),
        ({"owenr": "x"}, "did you mean `owner`"),
    ],
)
def test_prompt_linter(tmp_path, change, fault):
    content = yaml.safe_load((TOOLKIT / "prompts" / "answer-with-sources.yaml").read_text())
    (tmp_path / "p.yaml").write_text(yaml.safe_dump({**content, **change}))
    assert any(fault in found for found in read_prompts(tmp_path).faults)
