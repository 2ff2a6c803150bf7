"""What a synthetic organisation has on file: dossiers, assumptions, a budget, a contract."""

import csv
from pathlib import Path
from typing import Any

import yaml

from workbench.samples.assumptions import WRITTEN_FOR, register, scenario
from workbench.samples.catalogue import (
    CONTRACT_FILE,
    FEATURES,
    MIGRATION_LAST_DAY,
    PAGES_FILE,
    SUPPORT,
    Feature,
)
from workbench.samples.evidence import completed, efforts, write_evidence
from workbench.samples.placement import placement, terms

SOURCE = "synthetic sample"
SET_ON = "2026-04-20"

VALUE_USD = {
    "support-chat": 6.50, "ticket-triage": 0.35, "nightly-quality-review": 0.90,
    "reply-draft": 1.20, "knowledge-answers": 1.10, "call-summary": 1.80,
    "invoice-reading": 0.25, "image-studio": 1.50, "design-copy": 0.60,
    "layout-suggestions": 0.80, "brand-check": 0.70, "code-assistant": 45.0,
}  # fmt: skip
BASELINE = {"support-chat": (412, 6.50, 2.10, 19), "invoice-reading": (150, 0.62, 0.21, 6)}
"""Of the old process: cases measured, mean and standard deviation in USD, errors."""
MONTHLY_BUDGET_USD = {
    "support-chat": 520, "ticket-triage": 2, "nightly-quality-review": 14, "reply-draft": 22,
    "knowledge-answers": 50, "call-summary": 9, "invoice-reading": 7, "image-studio": 420,
    "design-copy": 15, "layout-suggestions": 32, "brand-check": 3, "code-assistant": 55,
}  # fmt: skip
BUDGET_MONTHS = ("2026-05", "2026-06", "2026-07", "2026-08", "2026-09", "2026-10")
BUDGET_GROWTH = 1.03
"""Planned growth a month, below the growth the traffic turns out to have."""

ASSUMPTIONS: tuple[tuple[str, float, str, str], ...] = (
    ("human_cost_usd_per_ticket", 6.50, "USD per ticket", "head of support"),
    ("handoff_usd_per_ticket", 0.50, "USD per handed-off ticket", "head of support"),
    ("human_usd_per_minute", 0.62, "USD per minute", "head of support"),
    ("qa_sample_rate", 0.04, "share of AI resolutions", "head of quality"),
    ("qa_usd_per_sample", 2.00, "USD per reviewed resolution", "head of quality"),
    ("tool_usd_per_attempt", 0.02, "USD per attempt", "platform owner"),
    ("platform_fixed_usd_per_month", 1_200.0, "USD per month", "platform owner"),
)

CONTRACT_COLUMNS = (
    "provider", "model", "meter", "usd", "per",
    "effective_from", "effective_to", "service_tier", "source",
)  # fmt: skip
_CONTRACT_PRICES: tuple[tuple[str, str, str, str, dict[str, str]], ...] = (
    ("anthropic", "claude-sonnet-4-5", "2026-05-01", "2026-08-01", {
        "uncached_input_tokens": "2.85", "cache_read_tokens": "0.285",
        "cache_write_5m_tokens": "3.5625", "cache_write_1h_tokens": "5.70",
        "output_tokens": "14.25",
    }),
    ("anthropic", "claude-sonnet-4-5", "2026-08-01", "", {
        "uncached_input_tokens": "2.55", "cache_read_tokens": "0.255",
        "cache_write_5m_tokens": "3.1875", "cache_write_1h_tokens": "5.10",
        "output_tokens": "12.75",
    }),
    ("anthropic", "claude-sonnet-5", "2026-08-01", "", {
        "uncached_input_tokens": "1.70", "cache_read_tokens": "0.17",
        "cache_write_5m_tokens": "2.125", "cache_write_1h_tokens": "3.40",
        "output_tokens": "8.50",
    }),
    ("openai", "gpt-5.4-mini", "2026-08-15", "", {
        "uncached_input_tokens": "0.675", "cache_read_tokens": "0.0675", "output_tokens": "4.05",
    }),
)  # fmt: skip


def write_paperwork(folder: Path, *, requests: int = WRITTEN_FOR) -> None:
    """Write dossiers/, evidence/, assumptions/, scenarios/ and prices/ below `folder`.

    The register and its budget are scaled to the number of synthetic requests.
    """
    for item in FEATURES:
        content = completed(dossier(item), item)
        _write_yaml(folder / "dossiers" / f"{item.name}.yaml", content)
    write_evidence(folder)
    for name, content in (
        ("unit_economics", assumptions()),
        ("budget", budget(requests / WRITTEN_FOR)),
        ("exit", efforts()),
    ):
        _write_yaml(folder / "assumptions" / f"{name}.yaml", content)
    _write_yaml(folder / "assumptions" / "envelope.yaml", register(requests / WRITTEN_FOR))
    _write_yaml(folder / "scenarios" / "agent-rollout.yaml", scenario())
    _write_contract(folder / "prices" / CONTRACT_FILE)


def dossier(item: Feature) -> dict[str, Any]:
    """Return what is on file about one feature; parts are left out where nothing is."""
    critical = item.name in ("support-chat", "invoice-reading")
    content: dict[str, Any] = {
        "feature": item.name,
        "synthetic": True,
        "product": item.product,
        "title": item.name.replace("-", " ").capitalize(),
        "summary": f"Synthetic sample feature of the {item.product}.",
        "owner": {"role": item.owner, "unit": item.team},
        "critical": critical,
        "unit_of_value": {
            "name": item.unit,
            "counted_by": item.counted_by,
            "value_usd": VALUE_USD[item.name],
            "value_source": SOURCE,
        },
        "success_criteria": [
            f"cost per {item.unit} below its value",
            "error rate within the agreed SLO for 30 days",
        ],
        "dependencies": _dependencies(item),
        "jurisdictions": list(item.jurisdictions),
        "data_classes": list(item.data_classes),
        "allowed_regions": ["eu"] if item.region == "eu" else ["eu", "global"],
        "hosting": {"pattern": "managed"},
        "ai_act": {
            "role": "deployer",
            "risk_class": "limited" if item.product == SUPPORT else "minimal",
            "reason": SOURCE,
        },
        "slos": {
            "availability": 0.995,
            "latency_p95_ms": 60_000 if item.nightly else 20_000,
            "error_rate": 0.05,
            "rto_hours": 4 if critical else 24,
        },
        "environments": [_environment(item, name) for name in ("production", "sandbox")],
        "retention": _retention(item),
        "budget": {"monthly_usd": MONTHLY_BUDGET_USD[item.name], "approved_by": "finance lead"},
    }
    if item.name in BASELINE:
        n, mean, deviation, errors = BASELINE[item.name]
        content["baseline"] = {
            "process": "handled by people", "n": n, "mean_cost_usd": mean,
            "sd_cost_usd": deviation, "errors": errors, "source": SOURCE,
        }  # fmt: skip
    if item.name in UNDER_LAW:
        content["sector"] = UNDER_LAW[item.name]["sector"]
        named = [one["data_class"] for one in UNDER_LAW[item.name]["retention"]]
        content["data_classes"] += [one for one in named if one not in content["data_classes"]]
    content["data_placement"] = placement(item, content["data_classes"])
    if item.backup is not None:
        content["backup_provider"] = item.backup[0]
    if critical:
        content["exit"] = _exit(item)
    if item.name == "support-chat" and item.successor:
        content["migrations"] = [
            {
                "model": item.model,
                "to_model": item.successor,
                "complete_by": MIGRATION_LAST_DAY.isoformat(),
            }
        ]
    return content


def _dependencies(item: Feature) -> list[dict[str, Any]]:
    models = [item.model, *([item.successor] if item.successor else [])]
    used = [
        {"kind": "model", "provider": item.provider, "model": model, "region": item.region}
        | terms(item)
        for model in models
    ]
    if item.backup is not None:
        provider, model = item.backup
        # A backup that serves a feature bound to a region has to serve it there.
        where = {"region": item.region} if item.region != "global" else {}
        used.append({"kind": "backup", "provider": provider, "model": model, **where})
    if item.file == PAGES_FILE:
        used.append({"kind": "datastore", "name": "invoice archive", "region": "eu"})
    return used


def _environment(item: Feature, name: str) -> dict[str, Any]:
    return {
        "name": name,
        "keys": [{"id": f"key-{item.name}-{name}", "created_on": SET_ON}],
        "service_accounts": [f"{item.name}-{name}"],
        "projects": [f"{item.product}-{name}"],
    }


LOG_PLATFORM = {"kept_in": "GCP Cloud Logging log bucket (all)", "region": "eu"}
"""Where the synthetic features' prompts and answers go beside the store: dear to take in."""
LOGS_ABROAD = "reply-draft"
ABROAD = {
    "kept_in": "AWS CloudWatch Logs Standard class (us-east-1)",
    "reason": "purpose of support; synthetic finding: these logs lie outside the regions allowed",
}
"""One feature on purpose breaks its own limit, so that the pages have something to find."""
UNDER_LAW: dict[str, dict[str, Any]] = {
    "call-summary": {
        "sector": "finance",
        "retention": [
            {"data_class": "call transcript", "keep_days": 1_827, "rule_ids": ["RET-23b", "RET-45a"],
             "reason": "recorded communications of an investment firm"},
        ],
    },
    "design-copy": {
        "sector": "finance",
        "retention": [
            {"data_class": "customer communications", "keep_days": 730, "rule_ids": ["RET-19"],
             "reason": "texts sent to customers of a broker"},
        ],
    },
    "layout-suggestions": {
        "sector": "finance",
        "retention": [
            {"data_class": "customer information", "keep_days": 2_192, "rule_ids": ["RET-20", "RET-26"],
             "reason": "records of a member firm",
             "conflict_decision": "RET-20 overrides: 16 CFR 314.4(c)(6)(i) excepts what law requires"},
        ],
    },
    "ticket-triage": {
        "sector": "payments",
        "retention": [
            {"data_class": "payment audit log", "keep_days": 400, "rule_ids": ["RET-14a"],
             "reason": "PCI DSS 10.5.1"},
        ],
    },
}  # fmt: skip
"""Synthetic features whose records a law with a number binds; one of them keeps them too briefly."""


def _retention(item: Feature) -> list[dict[str, Any]]:
    kept = [{"store": "usage", "data_class": "metering", "keep_days": 2_555, "reason": "finance"}]
    law = UNDER_LAW.get(item.name, {}).get("retention", [])
    named = {one["data_class"] for one in law}
    usual = [
        {"store": "content", "data_class": name, "keep_days": 90, "reason": "purpose of support"}
        for name in item.data_classes
        if name not in named
    ]
    listed = [*kept, *usual, *({"store": "content", **one} for one in law)]
    place = ABROAD if item.name == LOGS_ABROAD else LOG_PLATFORM
    return [one | ({} if one["store"] == "usage" else place) for one in listed]


def _exit(item: Feature) -> dict[str, Any]:
    return {
        "stressed": {
            "steps": ["switch traffic to the backup", "hand over to people above its limit"],
            "days": 2,
            "cost_usd": 6_000,
        },
        "planned": {
            "steps": ["evaluate the backup", "adapt the prompts", "run both", "cut over"],
            "days": 40,
            "cost_usd": 38_000,
        },
        "triggers": ["availability below 98 % for 3 days", "price rise above 25 %"],
        "alternative": item.backup[1] if item.backup else "people",
        "data_return_format": "JSON lines",
        "impact_tolerance_hours": 8,
        "notice_days": 30,
    }


def assumptions() -> dict[str, Any]:
    """Return the register of what is assumed and not measured, each with owner and source."""
    return {
        name: {"value": value, "unit": unit, "owner": owner, "date": SET_ON, "source": SOURCE}
        for name, value, unit, owner in ASSUMPTIONS
    }


def budget(scale: float = 1.0) -> dict[str, Any]:
    """Return the plan by month and feature."""
    months = {
        month: {
            name: round(usd * scale * BUDGET_GROWTH**number, 2)
            for name, usd in MONTHLY_BUDGET_USD.items()
        }
        for number, month in enumerate(BUDGET_MONTHS)
    }
    return {
        "unit": "USD per month", "owner": "finance lead", "date": SET_ON,
        "source": SOURCE, "months": months,
    }  # fmt: skip


def _write_yaml(path: Path, content: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
    path.write_text(f"# Synthetic sample, invented.\n{text}", encoding="utf-8")


def _write_contract(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        sheet = csv.writer(file, lineterminator="\n")
        sheet.writerow(CONTRACT_COLUMNS)
        for provider, model, start, end, prices in _CONTRACT_PRICES:
            for meter, usd in prices.items():
                row = (provider, model, meter, usd, 1_000_000, start, end, "standard", SOURCE)
                sheet.writerow(row)
