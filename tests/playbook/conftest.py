"""A workspace on disk for which all 47 checks pass, and how to break it."""

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from workbench.playbook.dossier import Dossier
from workbench.playbook.dossier_files import read_dossiers
from workbench.playbook.packets import chained
from workbench.schema import OUTCOME_COLUMNS, SEGMENT_COLUMNS

AS_OF = date(2026, 10, 31)
SHA = "a" * 64

# 92 days of 400 requests: one every 216 seconds, 2,000 users in turn, everything a fixed share.
USAGE_SQL = """
INSERT INTO usage BY NAME
SELECT 'r' || i AS request_id,
       TIMESTAMP '2026-08-01' + to_microseconds(i * 216000000) AS started_at,
       CASE WHEN i % 33 = 0 THEN 'openai' ELSE 'anthropic' END AS provider,
       CASE WHEN i % 33 = 0 THEN 'gpt-4.1-mini' ELSE 'claude-opus-4-8' END AS model,
       CASE WHEN i % 33 = 0 THEN 'gpt-4.1-mini' ELSE 'claude-opus-4-8' END AS requested_model,
       'eu-west-1' AS region, 'standard' AS service_tier, '' AS price_variant,
       false AS is_aggregate,
       CASE WHEN i % 21 = 0 THEN 'sandbox' ELSE 'production' END AS environment,
       'chat' AS feature, 'u' || (i % 2000) AS user_hash, 's' || (i // 3) AS session_id,
       't' || i AS trace_id, 'answer' AS prompt_id, '3' AS prompt_version,
       CASE WHEN (i * 7) % 2000 < 2000 * CASE
              WHEN i < 26 * 400 THEN 0.01 WHEN i < 33 * 400 THEN 0.05
              WHEN i < 40 * 400 THEN 0.25 WHEN i < 47 * 400 THEN 0.5 ELSE 1 END
            THEN 'new' ELSE 'old' END AS flag_variant,
       CASE WHEN i % 2000 = 7 THEN 'error' ELSE 'ok' END AS status, 1 AS attempt,
       500 + (i * 37) % 1000 AS latency_ms,
       CASE WHEN i % 100 < 5 THEN 'failed' WHEN i % 100 < 15 THEN 'escalated'
            ELSE 'resolved' END AS outcome,
       900 + (i * 53) % 700 AS uncached_input_tokens, 200 AS output_tokens,
       900 + (i * 53) % 700 AS context_tokens,
       json_object('x_document_ids', 'd1', 'x_document_versions', '1',
                   'x_topic', 'topic ' || (i % 7),
                   'x_key_id', CASE WHEN i % 21 = 0 THEN 'key-s' ELSE 'key-p' END) AS tags,
       'source' AS source_id, i AS source_row
FROM range(0, 92 * 400) AS numbers(i)
"""

AFTER_SQL = """
CREATE TABLE priced_usage AS
  SELECT *, CAST(0.01 AS DECIMAL(38, 12)) AS list_cost_usd,
         CAST(0.01 AS DECIMAL(38, 12)) AS contract_cost_usd, 'priced' AS price_status FROM usage;
CREATE TABLE price_book AS SELECT * FROM (VALUES
  ('anthropic', 'claude-opus-4-8', TIMESTAMP '2026-02-01', TIMESTAMP '2026-10-20',
   DATE '2026-10-20', 'default', '{}'),
  ('openai', 'gpt-4.1-mini', TIMESTAMP '2026-12-01', TIMESTAMP '2026-10-20',
   DATE '2026-10-20', 'default', '{}')
) AS book(provider, model, effective_from, known_from, retrieved_on, layer, conditions);
CREATE TABLE invoice_line (provider VARCHAR, month VARCHAR, kind VARCHAR, billed_cost_usd DECIMAL(38, 12));
"""

DAILY_SQL = """
CREATE TABLE daily_cost AS
SELECT CAST(started_at AS DATE) AS day, provider, model, feature, environment,
       count(*) AS requests,
       count(*) FILTER (WHERE contract_cost_usd IS NULL) AS unpriced_requests,
       sum(contract_cost_usd) AS contract_cost_usd
FROM priced_usage GROUP BY ALL
"""

POLICY = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Allow",
        "Action": ["bedrock:InvokeModel"],
        "Resource": ["arn:aws:bedrock:eu-west-1::foundation-model/anthropic.claude-opus-4-8"],
        "Condition": {"StringEquals": {"bedrock:GuardrailIdentifier": "arn:g"}},
    },
}

PROMPT = {
    "id": "answer", "version": "3", "owner": "head of support", "intent": "answer tickets",
    "models": ["claude-opus-4-8"], "fallback": "human", "expires_on": date(2027, 3, 1),
    "template": "Answer {{question}}.", "variables": ["question"],
    "tests": [{"cases": "evals/answer.csv", "threshold": 0.9, "evaluated_on": date(2026, 10, 1)}],
}  # fmt: skip


@dataclass
class Workspace:
    """What to write: a dossier, evidence tables, files; and SQL to change the logs with."""

    folder: Path
    dossier: dict[str, Any]
    tables: dict[str, list[dict[str, Any]]]
    files: dict[str, str]
    usage_sql: list[str] = field(default_factory=list)
    priced_sql: list[str] = field(default_factory=list)

    def written(self) -> "StoredEvidence":
        (self.folder / "dossiers").mkdir(parents=True)
        (self.folder / "evidence").mkdir()
        text = yaml.safe_dump(self.dossier)
        (self.folder / "dossiers" / "chat.yaml").write_text(text)
        for name, rows in self.tables.items():
            with (self.folder / "evidence" / f"{name}.csv").open("w", newline="") as file:
                sheet = csv.DictWriter(file, list(rows[0]))
                sheet.writeheader()
                sheet.writerows(rows)
        for name, text in self.files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return StoredEvidence(self.folder, _store(self.usage_sql, self.priced_sql))

    def table(self, name: str, **changes: Any) -> None:
        """Set columns in every row of an evidence table."""
        for row in self.tables[name]:
            row.update(changes)


class StoredEvidence:
    """The Evidence protocol over a small in-memory DuckDB."""

    def __init__(self, folder: Path, store: duckdb.DuckDBPyConnection) -> None:
        self.folder, self.as_of, self.store = folder, AS_OF, store
        self.dossiers: tuple[Dossier, ...] = read_dossiers(folder / "dossiers")

    def rows(self, sql: str, params: Mapping[str, Any], /) -> list[dict[str, Any]]:
        found = self.store.execute(sql, dict(params))
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _store(usage_sql: list[str], priced_sql: list[str]) -> duckdb.DuckDBPyConnection:
    store = duckdb.connect()
    columns = ", ".join(f'"{c.name}" {c.type}' for c in SEGMENT_COLUMNS)
    store.execute(f"CREATE TABLE usage ({columns})")
    store.execute(USAGE_SQL)
    columns = ", ".join(f'"{c.name}" {c.type}' for c in OUTCOME_COLUMNS)
    store.execute(f"CREATE TABLE outcomes ({columns})")
    # The kill switch was tested: from two minutes after noon nobody got the new variant.
    store.execute(
        "UPDATE usage SET flag_variant = 'old' WHERE started_at >= '2026-10-20 12:02:00' "
        "AND started_at < '2026-10-20 12:30:00'"
    )
    for sql in usage_sql:
        store.execute(sql)
    store.execute(AFTER_SQL)
    for sql in priced_sql:
        store.execute(sql)
    store.execute(DAILY_SQL)
    return store


def evaluation_csv(*, cases: int, wrong: set[int], **columns: Any) -> str:
    head = {
        "cost_usd": 0.01, "latency_ms": 900, "input_tokens": 1000, "output_tokens": 200,
        "reasoning_tokens": 0, "refused": "false", "schema_valid": "true",
        "attack_resisted": "true", **columns,
    }  # fmt: skip
    lines = ["case_id,success," + ",".join(head)]
    tail = ",".join(str(value) for value in head.values())
    lines += [f"c{i},{'false' if i in wrong else 'true'},{tail}" for i in range(cases)]
    return "\n".join(lines) + "\n"


def _dossier() -> dict[str, Any]:
    eu = {"region": "eu-west-1", "availability": 0.999, "sla_tiers": [[0.999, 0.1], [0.99, 0.25]]}
    return {
        "feature": "chat", "synthetic": True, "sector": "retail", "critical": True,
        "uses_retrieval": True, "jurisdictions": ["EU"], "data_classes": ["personal"],
        "owner": {"role": "head of support", "account": "a1", "attested_on": date(2026, 9, 1)},
        "unit_of_value": {"name": "ticket", "counted_by": "outcome resolved", "value_usd": 1},
        "dependencies": [
            {"kind": "model", "provider": "anthropic", "cloud": "aws", **eu},
            {"kind": "model", "provider": "openai", "cloud": "azure", **eu},
            {"kind": "log_sink", "name": "logs", "region": "eu-west-1"},
        ],
        "regulations": [
            {"rule": rule, "applies": True, "control": "register", "owner": "privacy lead"}
            for rule in ("EU-AIACT-26", "EU-AIACT-50", "GDPR-5", "GDPR-30", "GDPR-44")
        ],
        "ai_act": {
            "role": "deployer", "risk_class": "limited", "reason": "chat with customers",
            "set_by": "privacy lead", "reviewed_on": date(2026, 6, 1),
        },
        "baseline": {"n": 412, "mean_cost_usd": 6.5, "sd_cost_usd": 2.1, "errors": 19},
        "hosting": {"pattern": "managed", "chosen": "managed"},
        "allowed_regions": ["eu"],
        "slos": {
            "availability": 0.995, "latency_p95_ms": 2000, "error_rate": 0.05,
            "pickup_p90_minutes": 15, "pii_rate": 0.01, "rto_hours": 4,
        },
        "rollout": {
            "flag": "chat-new", "variant": "new",
            "steps": [
                {"percentage": p, "started_at": date(2026, m, d), "requests_needed": n}
                for p, m, d, n in ((1, 8, 20, 20), (5, 8, 27, 100), (25, 9, 3, 500),
                                   (50, 9, 10, 1000), (100, 9, 17, 0))
            ],
        },
        "environments": [
            {"name": "production", "keys": [{"id": "key-p", "created_on": date(2026, 9, 1)}],
             "service_accounts": ["chat-production"]},
            {"name": "sandbox", "keys": [{"id": "key-s"}], "service_accounts": ["chat-sandbox"]},
        ],
        "retention": [{"store": "logs", "data_class": "personal", "keep_days": 200,
                       "reason": "complaints within half a year"}],
        "budget": {"monthly_usd": 200, "reserve_usd": 100, "reserve_name": "platform reserve"},
        "backup_provider": "openai",
        "exit": {
            "stressed": {"steps": ["switch"], "staff": ["two engineers"], "days": 2, "cost_usd": 6000},
            "planned": {"steps": ["adapt"], "staff": ["two engineers"], "days": 40, "cost_usd": 38000},
            "triggers": ["price rise above 25 %"], "alternative": "gpt-4.1-mini",
            "data_return_format": "JSON lines", "tested_on": date(2026, 5, 1),
            "measured_migrate_hours": 3, "impact_tolerance_hours": 8,
        },
        "accepted_risks": [{"kind": "concentration", "accepted_by": "risk lead", "until": date(2027, 1, 1)}],
        "upgrades": [
            {"name": "successor", "old_model": "a", "new_model": "b", "critical": False,
             "old_results": "evals/old.csv", "new_results": "evals/new.csv",
             "evaluated_on": date(2026, 10, 1), "cut_over_on": date(2026, 10, 10)},
            {"name": "backup", "old_model": "a", "new_model": "c", "critical": False,
             "old_results": "evals/old.csv", "new_results": "evals/new.csv",
             "evaluated_on": date(2026, 10, 15), "purpose": "backup"},
        ],
        "reviews": [{"kind": "privacy", "held_on": date(2026, 9, 15)},
                    {"kind": "fairness", "held_on": date(2026, 9, 15)}],
    }  # fmt: skip


def _tables() -> dict[str, list[dict[str, Any]]]:
    def escalation(i: int) -> dict[str, Any]:
        human = "reject" if i % 3 == 0 else "accept"
        return {
            "escalated_at": f"2026-10-{i % 28 + 1:02}T10:00:00", "human_decision": human,
            "picked_up_at": f"2026-10-{i % 28 + 1:02}T10:{i % 10:02}:00",
            "model_decision": "accept", "second_decision": human if i % 2 else "",
        }  # fmt: skip

    return {
        "directory": [{"account": "a1", "active": "yes"}],
        "hosting_options": [
            {"option": "managed", "p10_usd": 10, "p50_usd": 50, "p90_usd": 90},
            {"option": "self-hosted", "p10_usd": 40, "p50_usd": 60, "p90_usd": 70},
        ],
        "gpu_hours": [{"hours_used": 600, "hours_paid": 730, "break_even_utilization": 0.6}],
        "kill_switch_tests": [{"off_at": "2026-10-20T12:00:00", "on_again_at": "2026-10-20T12:30:00"}],
        "escalations": [escalation(i) for i in range(120)],
        "alerts": [{"raised_at": f"2026-10-0{d}T08:10:00", "name": "slow"} for d in (2, 3, 4)],
        "incidents": [
            {"started_at": f"2026-10-0{d}T08:00:00", "ended_at": f"2026-10-0{d}T09:00:00"} for d in (2, 3)
        ],
        "invoices": [{"provider": "anthropic", "month": "2026-09", "invoice_usd": 116.5}],
        "store_ages": [{"store": "logs", "data_class": "personal", "oldest_on": "2026-08-01",
                        "missing_inside_minimum": 0, "purged_on": "2026-10-01"}],
        "erasures": [
            {"request": "e1", "requested_on": "2026-09-01", "place": place, "gone_on": "2026-09-20"}
            for place in ("logs", "vectors", "caches", "backups", "provider")
        ],
        "exit_costs": [{"p50_usd": 20000, "p90_usd": 40000, "reserve_usd": 50000,
                        "annual_savings_usd": 10000}],
        "corrections": [
            {"reported_on": "2026-09-01", "triaged_on": "2026-09-05", "fixed_on": "2026-09-12",
             "confirmed": "yes", "evaluation_cases": 1} for _ in range(20)
        ],
        "group_outcomes": [{"group": "a", "trials": 100, "selected": 50},
                           {"group": "b", "trials": 100, "selected": 45}],
        "drills": [{"kind": "failover", "held_on": "2026-09-01", "recovery_hours": 2}],
        "rehearsals": [
            {"runbook": name, "rehearsed_on": day, "minutes_to_mitigate": minutes}
            for name in ("hallucination", "spike", "abuse")
            for day, minutes in (("2026-07-01", 40), ("2026-09-01", 30))
        ],
    }  # fmt: skip


def packets(count: int = 11_500) -> list[dict[str, Any]]:
    """One packet for each production request of the last 30 days."""
    first = (91 - 29) * 400
    return chained([
        {"request_id": f"r{i}", "feature": "chat", "at": "2026-10-02T00:00:00Z", "model": "m",
         "model_snapshot": "m-1", "prompt_id": "answer", "prompt_version": "3",
         "parameters": {"temperature": 0}, "retrieved": [], "embedding_sha256": SHA,
         "embedding_model": "e", "output_sha256": SHA, "safety_verdicts": {"pii": "clean"},
         "cost_usd": 0.01, "latency_ms": 900, "reviewer": "none required"}
        for i in range(first, first + count) if i % 21
    ])  # fmt: skip


def lines(rows: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def screening_set(cards: int, *, card: str = "4111 1111 1111 1111") -> str:
    text = f"my card is {card} thanks"
    mark = {"kind": "card", "start": 11, "end": 11 + len(card)}
    rows = [{"text": text, "spans": [mark]} for _ in range(cards)]
    return lines(rows + [{"text": "where is my parcel", "spans": []} for _ in range(200)])


@pytest.fixture(scope="session")
def packet_lines() -> str:
    return lines(packets(12_000))


@pytest.fixture
def workspace(tmp_path: Path, packet_lines: str) -> Workspace:
    stored = [{"feature": "chat", "text": f"where is parcel number {i % 10}"} for i in range(3_000)]
    return Workspace(
        folder=tmp_path / "ws", dossier=_dossier(), tables=_tables(),
        files={
            "terraform/invoker.json": json.dumps(POLICY),
            "prompts/answer.yaml": yaml.safe_dump(PROMPT),
            "evals/old.csv": evaluation_csv(cases=1_000, wrong=set(range(0, 50))),
            "evals/new.csv": evaluation_csv(cases=1_000, wrong=set(range(5, 50))),
            "evidence/packets.jsonl": packet_lines,
            "evidence/stored_texts.jsonl": lines(stored),
            "evidence/screening_set.jsonl": screening_set(100),
        },
    )  # fmt: skip
