"""What the synthetic organisation can prove: support chat all but two waivers, three features something.

The rest of the dossiers stay as a project begins. Everything is invented, says so in its files,
and is the same for every seed.
"""

import csv
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml

from workbench.samples.catalogue import (
    BRAND_FILE,
    KILL_SWITCH_MINUTES,
    KILL_SWITCH_OFF,
    MIGRATION_FIRST_DAY,
    ROLLOUT,
    Feature,
)
from workbench.samples.evaluations import EVALUATED_AT, REWORK_USD, Target, evaluations

NEARLY_READY = "support-chat"
BEGUN = ("knowledge-answers", "invoice-reading", "code-assistant")
"""Features whose reality check is done in parts."""
CLOUDS = {
    "anthropic": "aws", "openai": "azure", "google": "gcp", "mistral": "mistral",
    "mistral_ai": "mistral",
}  # fmt: skip
"""Cloud each provider is assumed to run on in the synthetic contracts."""


_RULES = ("EU-AIACT-26", "EU-AIACT-50", "GDPR-5", "GDPR-30", "GDPR-44", "UK-GDPR-30")
_CONTROLS = "synthetic register of processing"
Rows = list[dict[str, Any]]


def completed(content: dict[str, Any], item: Feature) -> dict[str, Any]:
    """Return a dossier with what is on file beyond the start: reviews, upgrades, plans, dates."""
    for one in content["dependencies"]:
        if one.get("provider"):
            one["cloud"] = CLOUDS[one["provider"]]
        if item.file == BRAND_FILE and one["kind"] == "model":
            one["provider"] = "mistral_ai"  # as OpenTelemetry names it, and so the log
    if item.name not in (NEARLY_READY, *BEGUN):
        return content
    owner = content["owner"] | {"account": f"synthetic-{item.team}", "attested_on": "2026-09-15"}
    content |= {
        "owner": owner, "sector": "software",
        "regulations": [
            {"rule": rule, "applies": True, "control": _CONTROLS, "owner": "privacy lead",
             "decided_on": "2026-06-10"}
            for rule in _RULES[: 6 if "personal" in item.data_classes else 2]
        ],
        "ai_act": content["ai_act"] | {"set_by": "privacy lead", "reviewed_on": "2026-06-12"},
    }  # fmt: skip
    if item.name == "code-assistant":
        content["upgrades"] = [_upgrade(item, "opus", critical=False, evaluated_on="2026-10-05")]
    if item.name in EVALUATED_AT:
        content["evaluations"] = [_evaluation(item, target) for target in EVALUATED_AT[item.name]]
    return _nearly_ready(content, item) if item.name == NEARLY_READY else content


def _evaluation(item: Feature, target: Target) -> dict[str, Any]:
    folder = f"evidence/evaluations/{item.name}"
    return {
        "provider": target.provider, "model": target.model,
        "results": f"{folder}-at-{target.model}.csv",
        "baseline_results": f"{folder}-in-use.csv", "baseline_provider": item.provider,
        "baseline_model": item.successor or item.model, "evaluated_on": "2026-10-12",
        "rework_usd_per_rejected_task": REWORK_USD[item.name],
    }  # fmt: skip


def _upgrade(item: Feature, name: str, *, critical: bool, evaluated_on: str) -> dict[str, Any]:
    folder = f"evidence/evaluations/{item.name}"
    return {
        "name": name, "old_model": item.model, "new_model": item.successor,
        "old_results": f"{folder}-{name}-old.csv", "new_results": f"{folder}-{name}-new.csv",
        "critical": critical, "evaluated_on": evaluated_on,
    }  # fmt: skip


def _nearly_ready(content: dict[str, Any], item: Feature) -> dict[str, Any]:
    assert item.backup is not None
    backup_folder = f"evidence/evaluations/{item.name}-backup"
    for one in content["dependencies"]:
        one["availability"] = 0.999
        one |= {"sla_tiers": [[0.999, 0.1], [0.99, 0.25]], "claim_window_days": 30}
        one["critical"] = one.get("model") == item.successor
    for one in content["environments"]:
        one["keys"][0]["created_on"] = "2026-09-02"
    staff = ["two engineers", "one support lead"]
    return content | {
        "uses_retrieval": False, "high_impact": False,
        "hosting": {"pattern": "managed", "chosen": "managed"},
        "slos": content["slos"] | {
            "availability": 0.95, "error_rate": 0.08, "pickup_p90_minutes": 15, "pii_rate": 0.01,
            "failover_tested_on": "2026-09-10",
        },
        "rollout": {
            "flag": "support-chat-model", "variant": "successor",
            "steps": [
                {"percentage": percent, "started_at": on.isoformat(), "requests_needed": percent}
                for on, percent in ROLLOUT
            ],
        },
        "exit": content["exit"] | {
            "stressed": content["exit"]["stressed"] | {"staff": staff},
            "planned": content["exit"]["planned"] | {"staff": staff},
            "tested_on": "2026-05-20", "measured_migrate_hours": 5.5, "reserve_usd": 60_000,
            "objectives": ["keep answering customers", "no record lost", "no rule breached"],
            "scenarios": ["failure of the provider", "insolvency", "quality falls below its limit"],
            "contingency": ["people answer above the backup's limit", "the backup serves first"],
            "contract": "synthetic contract 1", "termination_rights": "30 days to the month's end",
            "reviewed_on": "2026-09-22", "holdings": _HOLDINGS, "trigger_limits": _LIMITS,
        },
        "upgrades": [
            _upgrade(item, "successor", critical=True, evaluated_on="2026-07-20")
            | {"cut_over_on": MIGRATION_FIRST_DAY.isoformat()},
            _upgrade(item, "backup", critical=True, evaluated_on="2026-10-12")
            | {
                "purpose": "backup", "cost_rise_approved_by": "finance lead", "old_model": item.successor, "new_model": item.backup[1],
                "old_results": f"{backup_folder}-old.csv", "new_results": f"{backup_folder}-new.csv",
            },
        ],
        "reviews": [
            {"kind": kind, "held_on": "2026-09-22", "by": "internal audit"}
            for kind in ("privacy", "fairness")
        ],
        "accepted_risks": [
            {"kind": "concentration", "accepted_by": "risk lead", "until": "2027-03-31",
             "reason": "one provider answers best; the backup is tested"},
        ],
        "not_applicable": [
            {"check": "G1-02", "reason": "no self-hosted GPU", "approver": "platform owner"},
        ],
    }  # fmt: skip


_HOLDINGS: dict[str, Any] = {
    "data_gb": 38, "vectors": 1_400_000, "embedding_corpus_tokens": 620_000_000,
    "commitments": [{"until": "2027-03-31", "usd_per_month": 400, "reusable_share": 0.5}],
}  # fmt: skip
_LIMITS = {
    "availability_below": 0.98, "price_rise_above": 0.25, "concentration_above": 0.5,
    "days_to_retirement_below": 120, "acceptance_below": 0.6,
}  # fmt: skip
EFFORTS = {
    "project_hours": (24, 60, 160), "revalidation_hours": (8, 24, 60), "hours_per_prompt": (2, 4, 10),
    "dual_run_days": (7, 14, 30), "usd_per_million_vectors": (4, 8, 20),
    "recreate_usd_per_gb": (2, 6, 20), "training_usd_per_mtok": (8, 12, 25),
    "label_minutes_per_case": (0.1, 0.3, 1),
}  # fmt: skip
"""Synthetic: hours of a team behind a gateway, so that its exit is smaller than most."""


def efforts() -> dict[str, Any]:
    """Return the owner's own efforts of an exit: low, likely, high."""
    return {
        name: {"low": low, "likely": likely, "high": high, "owner": "platform owner",
               "date": "2026-09-22", "source": "synthetic sample"}
        for name, (low, likely, high) in EFFORTS.items()
    }  # fmt: skip


def write_evidence(folder: Path) -> None:
    """Write evidence/, one prompt, one policy and one waiver below `folder`."""
    for name, rows in tables().items():
        _write_csv(folder / "evidence" / f"{name}.csv", rows)
    for name, rows in evaluations().items():
        _write_csv(folder / "evidence" / "evaluations" / f"{name}.csv", rows)
    _write_lines(folder / "evidence" / "stored_texts.jsonl", _stored_texts())
    _write_lines(folder / "evidence" / "screening_set.jsonl", _screening_set())
    for path, content in (
        ("terraform/synthetic-invoker.json", json.dumps(_POLICY, indent=1) + "\n"),
        ("prompts/support-chat.yaml", yaml.safe_dump(_PROMPT, sort_keys=False)),
        ("waivers.yaml", yaml.safe_dump(_WAIVERS, sort_keys=False)),
    ):
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content, encoding="utf-8")


def tables() -> dict[str, Rows]:
    """Return the evidence tables by name; rows of one feature name it."""
    mine = {
        "hosting_options": [
            {"option": name, "p10_usd": low, "p50_usd": middle, "p90_usd": high}
            for name, low, middle, high in (("managed", 380, 520, 700), ("self-hosted", 2_900, 3_100, 3_400))
        ],
        "kill_switch_tests": [
            {"off_at": KILL_SWITCH_OFF.isoformat(),
             "on_again_at": (KILL_SWITCH_OFF + timedelta(minutes=KILL_SWITCH_MINUTES)).isoformat()}
        ],
        "sla_claims": [{"provider": "anthropic", "month": "2026-10", "drafted_on": "2026-10-31"}],
        "escalations": [_escalation(n) for n in range(150)],
        "incidents": [
            {"started_at": f"2026-{day}T08:00:00", "ended_at": f"2026-{day}T{ended}:00"}
            for day, ended in (
                ("08-19", "08:25"), ("09-08", "09:30"), ("09-30", "08:40"), ("10-14", "13:10"),
            )
        ],
        "alerts": [
            {"raised_at": f"2026-{day}T08:12:00", "name": "error budget burn"}
            for day in ("08-19", "09-08", "09-17", "09-30", "10-14")
        ],
        "store_ages": [
            {"store": store, "data_class": name, "oldest_on": oldest, "missing_inside_minimum": 0,
             "purged_on": "2026-10-15"}
            for store, name, oldest in (
                ("usage", "metering", "2026-05-01"), ("content", "personal", "2026-08-12"),
                ("content", "customer content", "2026-08-12"),
            )
        ],
        "erasures": [
            {"request": request, "requested_on": "2026-09-03", "place": place, "gone_on": "2026-09-21"}
            for request in ("synthetic-1", "synthetic-2")
            for place in ("logs", "vectors", "caches", "backups", "provider")
        ],
        "exit_costs": [{"p50_usd": 38_000, "p90_usd": 55_000, "reserve_usd": 60_000,
                        "annual_savings_usd": 9_000}],
        "corrections": [_correction(n) for n in range(60)],
        "group_outcomes": [
            {"group": name, "trials": trials, "selected": chosen}
            for name, trials, chosen in (("German", 820, 566), ("English", 1_140, 798), ("French", 410, 271))
        ],
        "drills": [{"kind": "failover", "held_on": "2026-09-10", "recovery_hours": 1.5}],
        "rehearsals": [
            {"runbook": name, "rehearsed_on": on, "minutes_to_mitigate": minutes}
            for name in ("hallucination", "spike", "abuse")
            for on, minutes in (("2026-06-16", 44), ("2026-09-24", 31))
        ],
    }  # fmt: skip
    named = {
        name: [{"feature": NEARLY_READY, **row} for row in rows] for name, rows in mine.items()
    }
    teams = ("support-platform", "knowledge", "back-office", "engineering")
    return {"directory": [{"account": f"synthetic-{t}", "active": "yes"} for t in teams], **named}


def _escalation(number: int) -> dict[str, Any]:
    human = "refund" if number % 4 == 0 else "no refund"
    second = "" if number % 3 else human if number % 21 else "refund"
    at = f"2026-10-{number % 28 + 1:02}T{8 + number % 9:02}"
    return {
        "escalated_at": f"{at}:00:00", "picked_up_at": f"{at}:{2 + number % 11:02}:00",
        "model_decision": "no refund", "human_decision": human, "second_decision": second,
    }  # fmt: skip


def _correction(number: int) -> dict[str, Any]:
    day = number % 20 + 1
    confirmed = number % 3 == 0
    return {
        "reported_on": f"2026-09-{day:02}", "triaged_on": f"2026-09-{day + 4:02}",
        "fixed_on": f"2026-09-{day + 9:02}" if confirmed else "",
        "confirmed": "yes" if confirmed else "no", "evaluation_cases": 2 if confirmed else 0,
    }  # fmt: skip


def _stored_texts() -> Rows:
    things = ("the parcel", "my invoice", "the new layout", "a colour", "the export", "a template")
    return [
        {"feature": NEARLY_READY, "synthetic": True,
         "text": f"Where do I find {things[n % 6]} in step {n % 40} of the guide?"}
        for n in range(3_000)
    ]  # fmt: skip


def _screening_set() -> Rows:
    card = "4111 1111 1111 1111"
    head = "Please charge the card "
    marked: Rows = [
        {"text": f"{head}{card}, order {n}.", "synthetic": True,
         "spans": [{"kind": "card", "start": len(head), "end": len(head) + len(card)}]}
        for n in range(100)
    ]  # fmt: skip
    return marked + [
        {"text": f"Which size fits step {n % 9}?", "synthetic": True, "spans": []}
        for n in range(200)
    ]


def _write_csv(path: Path, rows: Rows) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        sheet = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        sheet.writeheader()
        sheet.writerows(rows)


def _write_lines(path: Path, rows: Rows) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


_POLICY = {
    "Version": "2012-10-17",
    "Statement": {
        "Sid": "SyntheticInvoker",
        "Effect": "Allow",
        "Action": ["bedrock:InvokeModel"],
        "Resource": ["arn:aws:bedrock:eu-central-1::foundation-model/anthropic.claude-sonnet-5"],
        "Condition": {
            "StringEquals": {
                "bedrock:GuardrailIdentifier": "arn:aws:bedrock:eu-central-1:000000000000:guardrail/synthetic"
            }
        },
    },
}
_PROMPT: dict[str, Any] = {
    "id": "support-chat/main", "version": "3", "owner": "head of support",
    "intent": "Answer a customer's question from the conversation; never promise a refund.",
    "models": ["claude-sonnet-5"], "fallback": "human", "expires_on": "2027-03-31",
    "tests": [{"cases": "evidence/evaluations/support-chat-successor-new.csv", "threshold": 0.9,
               "evaluated_on": "2026-10-01"}],
    "template": "Answer the question: {{question}}", "variables": ["question"],
    "notes": "synthetic sample",
}  # fmt: skip
_WAIVERS = [
    {"check": "G2-04", "feature": NEARLY_READY, "owner": "chief risk officer",
     "reason": "synthetic: packets are written from the next release on",
     "granted_on": "2026-10-01", "expires_on": "2026-12-31"},
    {"check": "G4-02", "feature": NEARLY_READY, "owner": "finance lead",
     "reason": "synthetic: the provider's October invoice comes in November",
     "granted_on": "2026-10-28", "expires_on": "2026-11-30"},
]  # fmt: skip
