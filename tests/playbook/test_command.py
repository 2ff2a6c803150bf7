"""All 47 verdicts again, from logs on disk through the command: pass, fail, insufficient."""

import importlib.util
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from workbench.cli import workbench as command
from workbench.workspace import Workspace

_SPEC = importlib.util.spec_from_file_location(
    "check_cases", Path(__file__).with_name("test_checks.py")
)
cases = importlib.util.module_from_spec(_SPEC)
sys.modules["check_cases"] = cases
_SPEC.loader.exec_module(cases)

NOW = datetime(2026, 11, 1, tzinfo=UTC)
EXPORT_SQL = """
COPY (
  SELECT * EXCLUDE (started_at, tags, context_tokens, rate_key, meter_mask, source_id, source_row),
         strftime(started_at, '%Y-%m-%dT%H:%M:%S.%fZ') AS started_at,
         json_extract_string(tags, '$.x_document_ids') AS x_document_ids,
         json_extract_string(tags, '$.x_document_versions') AS x_document_versions,
         json_extract_string(tags, '$.x_topic') AS x_topic,
         json_extract_string(tags, '$.x_key_id') AS x_key_id
  FROM usage
) TO '{path}' (FORMAT parquet)
"""
# Here prices come from the book: what the in-memory table sets by hand is said in logs instead.
PRICED = {
    "G4-01": (
        cases.usage("UPDATE usage SET model = 'unheard-of' WHERE source_row % 1000 = 0"),
        cases.NO_USAGE,
    ),
}  # fmt: skip
"""The shipped book is never empty, so thin evidence here is a feature without usage."""


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    """Give the folder of a store that holds the logs as changed; each is made once."""
    made: dict[tuple[str, ...], Path] = {}

    def store(evidence, changes: tuple[str, ...]) -> Path:
        if changes not in made:
            root = tmp_path_factory.mktemp("stores") / "ws"
            workspace = Workspace.init(root)
            log = root.parent / "log.parquet"
            evidence.store.execute(EXPORT_SQL.format(path=log))
            report = workspace.ingest([log], now=NOW, fmt="workbench", constants={})
            assert not report.failed
            made[changes] = root
        return made[changes]

    return store


def verdict(workspace, stores, *, check_id: str, change=None) -> tuple[str, str]:
    workspace.tables["invoices"][0]["invoice_usd"] = INVOICE_USD
    if change is not None:
        change(workspace)
    evidence = workspace.written()
    root = stores(evidence, tuple(workspace.usage_sql))
    for name in ("store", "workbench.toml", ".workbench"):
        if (root / name).exists() and not (evidence.folder / name).exists():
            (evidence.folder / name).symlink_to(root / name)
    arguments = ["check", "--json", "--stage", check_id[1], "--as-of", "2026-10-31"]
    found = CliRunner().invoke(command, [*arguments, "--workspace", str(evidence.folder)])
    assert found.exit_code in (0, 1), found.output
    checks = {check["id"]: check for check in json.loads(found.stdout)["checks"]}
    assert (found.exit_code == 0) == all(c["verdict"] == "pass" for c in checks.values())
    return checks[check_id]["verdict"], checks[check_id]["reason"]


INVOICE_USD = 130.0
EXPECTED = ("pass", "fail", "insufficient evidence")


@pytest.mark.long
@pytest.mark.parametrize("expected", EXPECTED)
@pytest.mark.parametrize("check_id", sorted(cases.CASES))
def test_command(workspace, stores, check_id, expected):
    fails, thin = PRICED.get(check_id, cases.CASES[check_id])
    change = {"pass": None, "fail": fails, "insufficient evidence": thin}[expected]
    found, reason = verdict(workspace, stores, check_id=check_id, change=change)
    assert found == expected, reason


SHORT = ("G0-01", "G1-01", "G2-05", "G3-05", "G4-08", "G5-09")
"""One check a stage whose cases lie in the dossier and the evidence: one store serves them all."""


def test_command_in_short(workspace, stores):
    """All 47 pass at once through the command, with its exit code and its JSON contract."""
    workspace.tables["invoices"][0]["invoice_usd"] = INVOICE_USD
    evidence = workspace.written()
    root = stores(evidence, tuple(workspace.usage_sql))
    for name in ("store", "workbench.toml", ".workbench"):
        if (root / name).exists() and not (evidence.folder / name).exists():
            (evidence.folder / name).symlink_to(root / name)
    arguments = ["check", "--json", "--as-of", "2026-10-31", "--workspace", str(evidence.folder)]
    found = CliRunner().invoke(command, arguments)
    report = json.loads(found.stdout)
    assert found.exit_code == 0, found.output
    assert {(c["id"], c["verdict"]) for c in report["checks"]} == {
        (check_id, "pass") for check_id in cases.CASES
    }
    assert all({"id", "stage", "verdict"} <= set(check) for check in report["checks"])


@pytest.mark.parametrize("expected", EXPECTED[1:])
@pytest.mark.parametrize("check_id", SHORT)
def test_command_in_short_by_stage(workspace, stores, check_id, expected):
    fails, thin = cases.CASES[check_id]
    change = fails if expected == "fail" else thin
    assert verdict(workspace, stores, check_id=check_id, change=change)[0] == expected
