"""For each of the 47 checks: a workspace on disk that passes, one that fails, one that is thin."""

import json
from collections.abc import Callable
from datetime import date

import pytest

from workbench.playbook.checks import CHECKS
from workbench.playbook.run import run_checks
from workbench.reference import read_table

Change = Callable[..., None]


def dossier(path: str, value: object = None, *, drop: bool = False) -> Change:
    """Set or drop a dossier value by dotted path."""

    def change(ws) -> None:
        *steps, last = path.split(".")
        place = ws.dossier
        for step in steps:
            place = place[int(step)] if step.isdigit() else place[step]
        if drop:
            del place[last]
        else:
            place[int(last) if last.isdigit() else last] = value

    return change


def without(key: str) -> Change:
    return dossier(key, drop=True)


def no_table(name: str) -> Change:
    return lambda ws: ws.tables.pop(name)


def table(name: str, **columns: object) -> Change:
    return lambda ws: ws.table(name, **columns)


def first_rows(name: str, count: int) -> Change:
    def change(ws) -> None:
        ws.tables[name] = ws.tables[name][:count]

    return change


def usage(sql: str) -> Change:
    return lambda ws: ws.usage_sql.append(sql)


def priced(sql: str) -> Change:
    return lambda ws: ws.priced_sql.append(sql)


def file(name: str, text: str | None) -> Change:
    def change(ws) -> None:
        if text is None:
            del ws.files[name]
        else:
            ws.files[name] = text

    return change


def policy(key: str, value: object) -> Change:
    def change(ws) -> None:
        content = json.loads(ws.files["terraform/invoker.json"])
        content["Statement"][key] = value
        ws.files["terraform/invoker.json"] = json.dumps(content)

    return change


def evaluation(side: str, *, cases: int = 1_000, wrong: int = 45, **columns: object) -> Change:
    def change(ws) -> None:
        head = {"cost_usd": 0.01, "latency_ms": 900, "input_tokens": 1000, "output_tokens": 200,
                "reasoning_tokens": 0, "refused": "false", "schema_valid": "true",
                "attack_resisted": "true", **columns}  # fmt: skip
        names = [name for name, value in head.items() if value is not None]
        rows = ["case_id,success," + ",".join(names)]
        for i in range(cases):
            values = ",".join(str(head[name]) for name in names)
            rows.append(f"c{i},{'false' if i < wrong else 'true'},{values}")
        ws.files[f"evals/{side}.csv"] = "\n".join(rows) + "\n"

    return change


def few_cases(ws) -> None:
    evaluation("old", cases=15, wrong=1)(ws)
    evaluation("new", cases=15, wrong=1)(ws)


def leaky(ws) -> None:
    text = json.dumps({"feature": "chat", "text": "my card is 4111 1111 1111 1111"})
    ws.files["evidence/stored_texts.jsonl"] += text + "\n"
    ws.files["evidence/stored_texts.jsonl"] = text + "\n" + ws.files["evidence/stored_texts.jsonl"]


def few_texts(ws) -> None:
    ws.files["evidence/stored_texts.jsonl"] = '{"text": "hello"}\n'


def unseen_cards(ws) -> None:
    # Spelled out: a layout the detector does not know.
    card = "four one one one, ten ones more"
    mark = {"kind": "card", "start": 0, "end": len(card)}
    row = json.dumps({"text": card, "spans": [mark]}) + "\n"
    ws.files["evidence/screening_set.jsonl"] += row * 20


def few_cards(ws) -> None:
    rows = ws.files["evidence/screening_set.jsonl"].splitlines(keepends=True)
    ws.files["evidence/screening_set.jsonl"] = "".join(rows[:10] + rows[100:])


def changed_packet(ws) -> None:
    rows = ws.files["evidence/packets.jsonl"].splitlines(keepends=True)
    rows[5] = rows[5].replace('"reviewer": "none required"', '"reviewer": "someone"')
    ws.files["evidence/packets.jsonl"] = "".join(rows)


def one_group_worse(ws) -> None:
    ws.tables["group_outcomes"][1].update(selected=39)


OLD = date(2025, 1, 1)
NEW_ONLY = "UPDATE usage SET {} WHERE environment = 'production'"
NO_USAGE = usage("DELETE FROM usage")

# check: (fails, insufficient)
CASES: dict[str, tuple[Change, Change]] = {
    "G0-01": (dossier("owner.attested_on", OLD), no_table("directory")),
    "G0-02": (dossier("unit_of_value.value_usd", 0.01), without("unit_of_value")),
    "G0-03": (dossier("dependencies.1.provider", "mistral"), NO_USAGE),
    "G0-04": (dossier("regulations", []), without("sector")),
    "G0-05": (dossier("ai_act.reviewed_on", OLD), dossier("ai_act.set_by", drop=True)),
    "G0-06": (dossier("baseline.n", 29), without("baseline")),
    "G1-01": (dossier("hosting.chosen", "self-hosted"), no_table("hosting_options")),
    "G1-02": (table("gpu_hours", hours_used=300), no_table("gpu_hours")),
    "G1-03": (usage(NEW_ONLY.format("region = 'global'")), usage(NEW_ONLY.format("region = NULL"))),
    "G1-04": (usage(NEW_ONLY.format("requested_model = 'gpt-5-latest'")), NO_USAGE),
    "G1-05": (
        usage(NEW_ONLY.format("model = 'claude-opus-4-6', requested_model = model")),
        usage(NEW_ONLY.format("model = 'unheard-of'")),
    ),
    "G2-01": (
        usage("UPDATE usage SET prompt_id = NULL WHERE source_row % 40 = 0"),
        without("uses_retrieval"),
    ),
    "G2-02": (leaky, few_texts),
    "G2-03": (unseen_cards, few_cards),
    "G2-04": (changed_packet, file("evidence/packets.jsonl", None)),
    "G2-05": (
        dossier("slos.availability", 0.9999),
        dossier("dependencies.0.availability", drop=True),
    ),
    "G2-06": (
        usage("UPDATE usage SET status = 'error' WHERE source_row % 50 = 1"),
        dossier("dependencies.0.availability", drop=True),
    ),
    "G3-01": (
        usage("UPDATE usage SET flag_variant = 'new' WHERE source_row % 10 = 0"),
        without("rollout"),
    ),
    "G3-02": (
        dossier("rollout.steps.1.percentage", 20),
        dossier("rollout.steps.1.requests_needed", drop=True),
    ),
    "G3-03": (
        usage(
            "UPDATE usage SET flag_variant = 'new' WHERE started_at BETWEEN '2026-10-20' AND '2026-10-21'"
        ),
        no_table("kill_switch_tests"),
    ),
    "G3-04": (
        dossier("environments.1.service_accounts", ["chat-production"]),
        dossier("environments.0.keys", ["key-p"]),
    ),
    "G3-05": (policy("Action", ["bedrock:*"]), file("terraform/invoker.json", None)),
    "G3-06": (dossier("slos.latency_p95_ms", 1000), without("slos")),
    "G3-07": (dossier("budget.monthly_usd", 50), without("budget")),
    "G3-08": (
        usage(
            "UPDATE usage SET outcome = 'failed' WHERE source_row % 100 < 10 AND started_at >= '2026-10-15'"
        ),
        usage("UPDATE usage SET outcome = NULL"),
    ),
    "G3-09": (
        usage(
            "UPDATE usage SET context_tokens = 3 * context_tokens, uncached_input_tokens = 3 * uncached_input_tokens WHERE started_at >= '2026-10-25'"
        ),
        usage("DELETE FROM usage WHERE started_at >= '2026-10-25' AND source_row % 10 > 0"),
    ),
    "G3-10": (dossier("slos.pickup_p90_minutes", 2), first_rows("escalations", 60)),
    "G3-11": (first_rows("alerts", 1), no_table("incidents")),
    "G4-01": (
        priced("UPDATE priced_usage SET price_status = 'unpriced' WHERE source_row % 1000 = 0"),
        priced("DELETE FROM price_book"),
    ),
    "G4-02": (table("invoices", invoice_usd=160), no_table("invoices")),
    "G4-03": (dossier("budget.reserve_name", drop=True), without("budget")),
    "G4-04": (
        dossier("data_classes", ["personal", "health"]),
        dossier("retention.0.keep_days", drop=True),
    ),
    "G4-05": (table("store_ages", oldest_on="2026-01-01"), no_table("store_ages")),
    "G4-06": (table("erasures", gone_on="2026-10-20"), first_rows("erasures", 4)),
    "G4-07": (evaluation("new", wrong=200), dossier("upgrades.1.evaluated_on", date(2026, 9, 1))),
    "G4-08": (dossier("exit.measured_migrate_hours", 9), dossier("exit.tested_on", drop=True)),
    "G4-09": (table("exit_costs", p90_usd=60_000), no_table("exit_costs")),
    "G4-10": (without("accepted_risks"), dossier("dependencies.0.cloud", drop=True)),
    "G5-01": (dossier("upgrades.0.cut_over_on", date(2026, 9, 1)), few_cases),
    "G5-02": (evaluation("new", schema_valid="false"), evaluation("new", attack_resisted=None)),
    "G5-03": (evaluation("new", cost_usd=0.012), evaluation("new", reasoning_tokens=None)),
    "G5-04": (table("corrections", triaged_on=""), no_table("corrections")),
    "G5-05": (dossier("reviews.0.held_on", OLD), without("reviews")),
    "G5-06": (one_group_worse, table("group_outcomes", trials=29, selected=20)),
    "G5-07": (table("drills", recovery_hours=5), no_table("drills")),
    "G5-08": (
        file("prompts/other.yaml", "id: other\nversoin: 1\n"),
        file("prompts/answer.yaml", None),
    ),
    "G5-09": (table("rehearsals", rehearsed_on="2026-01-01"), no_table("rehearsals")),
}


def verdict_of(ws, check_id: str) -> tuple[str, str]:
    report = run_checks(ws.written(), stage=int(check_id[1])).as_json()
    found = next(check for check in report["checks"] if check["id"] == check_id)
    return found["verdict"], found["reason"]


def test_every_listed_check_can_be_run():
    listed = [row["check_id"] for row in read_table("gate_checks")]
    assert len(listed) == 47
    assert sorted(listed) == sorted(CHECKS) == sorted(CASES)


def test_the_whole_workspace_passes(workspace):
    report = run_checks(workspace.written())
    assert {c.check_id: c.reason for c in report.checks if c.verdict != "pass"} == {}
    assert report.passed
    assert report.as_json()["features"] == [{"feature": "chat", "reached_stage": 5}]


@pytest.mark.parametrize("check_id", sorted(CASES))
def test_fails(workspace, check_id):
    CASES[check_id][0](workspace)
    verdict, reason = verdict_of(workspace, check_id)
    assert verdict == "fail", reason


@pytest.mark.parametrize("check_id", sorted(CASES))
def test_is_insufficient(workspace, check_id):
    CASES[check_id][1](workspace)
    verdict, reason = verdict_of(workspace, check_id)
    assert verdict == "insufficient evidence", reason


def test_a_bare_dossier_is_insufficient_everywhere(workspace):
    workspace.dossier, workspace.tables, workspace.files = {"feature": "chat"}, {}, {}
    workspace.usage_sql.append("DELETE FROM usage")
    workspace.priced_sql.append("DELETE FROM price_book")
    report = run_checks(workspace.written())
    assert {check.verdict for check in report.checks} == {"insufficient evidence"}
    assert all(check.reason for check in report.checks)


def test_a_check_that_does_not_apply_needs_a_reason_and_an_approver(workspace):
    workspace.dossier["not_applicable"] = [
        {"check": "G1-02", "reason": "nothing is self-hosted", "approver": "architecture board"}
    ]
    report = run_checks(workspace.written(), stage=1).as_json()
    found = next(check for check in report["checks"] if check["id"] == "G1-02")
    assert found["verdict"] == "not applicable"
    assert found["features"][0]["approver"] == "architecture board"
