"""Invoices through the command: imported once, compared, corrected, verified, published."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from tests.cli.test_commands import run
from tests.spine import NOW, ingest, requests, write_jsonl
from widgets import reconciliation as panel
from workbench.answers.publish import publish
from workbench.playbook.checks.g4 import INVOICED_SQL
from workbench.store.snapshot import open_snapshot
from workbench.workspace import Workspace

OCTOBER = "SELECT CAST(sum(contract_cost_usd) AS VARCHAR) AS usd FROM daily_cost WHERE strftime(day, '%Y-%m') = '2026-10' AND provider = 'openai'"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    made = Workspace.init(tmp_path / "ws")
    ingest(made, write_jsonl(tmp_path / "log.jsonl", requests(3_000, step_s=900)))
    return made


def invoice(tmp_path: Path, name: str, *rows: str) -> Path:
    path = tmp_path / name
    path.write_text("\n".join(["provider,month,usd,kind,model,invoice_id", *rows]) + "\n")
    return path


def compared(workspace: Workspace, *files: Path) -> dict[str, dict[str, object]]:
    done = run("reconcile", *files, "--json", "--workspace", workspace.layout.root)
    assert done.returncode == 0, done.stderr
    return {
        f"{one['provider']} {one['month']}": one for one in json.loads(done.stdout)["reconciled"]
    }


def test_an_invoice_that_says_what_the_logs_say_agrees(workspace: Workspace, tmp_path: Path):
    (row,) = workspace.sql(OCTOBER).to_pylist()
    told = compared(
        workspace, invoice(tmp_path, "a.csv", f"openai,2026-10,{row['usd']},usage,gpt-4.1,I-1")
    )
    assert told["openai 2026-10"]["verdict"] == "agrees"
    assert told["openai 2026-10"]["gap_pico"] == 0


def test_the_same_bytes_count_once_and_a_correction_replaces(workspace: Workspace, tmp_path: Path):
    first = invoice(
        tmp_path, "a.csv", "openai,2026-10,5,usage,gpt-4.1,I-1", "openai,2026-10,1,tax,,I-1"
    )
    assert compared(workspace, first, first)["openai 2026-10"]["billed_pico"] == 6 * 10**12
    assert compared(workspace, first)["openai 2026-10"]["billed_pico"] == 6 * 10**12
    corrected = invoice(tmp_path, "b.csv", "openai,2026-10,4,usage,gpt-4.1,I-1")
    assert compared(workspace, corrected)["openai 2026-10"]["billed_pico"] == 4 * 10**12
    more = invoice(tmp_path, "c.csv", "openai,2026-10,3,usage,gpt-4.1,I-2")
    assert compared(workspace, more)["openai 2026-10"]["billed_pico"] == 7 * 10**12


def test_one_bad_invoice_keeps_none_of_the_command(workspace: Workspace, tmp_path: Path):
    good = invoice(tmp_path, "a.csv", "openai,2026-10,5,usage,gpt-4.1,I-1")
    bad = invoice(tmp_path, "b.csv", "openai,2026-10,5 dollars,usage,gpt-4.1,I-2")
    done = run("reconcile", good, bad, "--workspace", workspace.layout.root)
    assert done.returncode == 1
    assert f"{bad}, record 1, usd: '5 dollars' is no amount" in done.stderr
    assert compared(workspace) == {}


def test_a_changed_invoice_file_fails_verification(workspace: Workspace, tmp_path: Path):
    compared(workspace, invoice(tmp_path, "a.csv", "openai,2026-10,5,usage,gpt-4.1,I-1"))
    assert workspace.verify() == []
    (kept,) = workspace.layout.invoices.glob("*.parquet")
    kept.write_bytes(kept.read_bytes() + b" ")
    (found,) = workspace.verify()
    assert "has changed since it was imported" in found


def test_the_page_says_what_the_command_says(workspace: Workspace, tmp_path: Path):
    compared(
        workspace,
        invoice(tmp_path, "a.csv", "openai,2026-10,50,usage,gpt-4.1,I-1", "openai,2026-10,9,usage,gpt-9,I-1",
                "openai,2026-09,1,usage,gpt-4.1,I-0"),
    )  # fmt: skip
    publish(workspace, now=NOW)
    page = panel.page(open_snapshot(workspace.layout.snapshots))
    assert page.charts.head["answer"].startswith("Oct 2026 was invoiced at $59.00;")
    assert "models not in the logs make $9.00" in page.charts.head["answer"]
    page.inputs["month"].value = "2026-09"
    assert page.charts.head["answer"].startswith("Sep 2026 was invoiced at $1.00;")


def test_without_an_invoice_the_page_says_how_to_import_one(workspace: Workspace):
    publish(workspace, now=NOW)
    page = panel.page(open_snapshot(workspace.layout.snapshots))
    assert "workbench reconcile INVOICE" in page.charts.head["notice"]


def test_invoices_are_a_view_and_evidence_of_the_check(workspace: Workspace, tmp_path: Path):
    (row,) = workspace.sql(OCTOBER).to_pylist()
    lines = "SELECT count(*) AS n, sum(billed_cost_usd) AS usd FROM invoice_line"
    assert workspace.sql(lines).to_pylist() == [{"n": 0, "usd": None}]
    usd = Decimal(row["usd"])
    first = invoice(tmp_path, "a.csv", "openai,2026-10,999,usage,gpt-4.1,I-1")
    corrected = invoice(
        tmp_path, "b.csv", f"openai,2026-10,{usd},usage,gpt-4.1,I-1", "openai,2026-10,5,tax,,I-1"
    )
    compared(workspace, first)
    compared(workspace, corrected)
    assert workspace.sql(lines).to_pylist() == [{"n": 2, "usd": usd + 5}]
    with workspace.reader() as catalog:
        (billed,) = catalog.rows(INVOICED_SQL)
    assert (billed["provider"], billed["month"], billed["invoice_usd"]) == ("openai", "2026-10", float(usd))  # fmt: skip


def test_rests_of_opposite_sign_do_not_cancel_on_the_page(workspace: Workspace, tmp_path: Path):
    october = OCTOBER.replace("AND provider = 'openai'", "AND provider = '{}'")
    logged = {
        name: Decimal(workspace.sql(october.format(name)).to_pylist()[0]["usd"])
        for name in ("openai", "anthropic")
    }
    compared(
        workspace,
        invoice(tmp_path, "a.csv", f"openai,2026-10,{logged['openai'] + Decimal('0.501')},usage,gpt-4.1,I-1",
                f"anthropic,2026-10,{logged['anthropic'] - Decimal('0.501')},usage,claude-sonnet-4-5,I-2"),
    )  # fmt: skip
    publish(workspace, now=NOW)
    page = panel.page(open_snapshot(workspace.layout.snapshots))
    assert "$1.00 of it" in page.charts.head["answer"]
