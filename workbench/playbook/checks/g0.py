"""Stage 0, reality check: owner, business case, maps and baseline."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from workbench.models.readiness.controls import wilson_interval
from workbench.playbook.checks.labels import LABELLED_SQL
from workbench.playbook.dossier import Dependency, Dossier
from workbench.playbook.evidence import Case, Finding, judged, need
from workbench.reference import read_table

ATTESTED_WITHIN_DAYS = 90
AI_ACT_REVIEW_DAYS = 365
BASELINE_CASES = 30
COST_DAYS = 30
MIN_COST_DAYS = 7
COUNTED_COLUMNS = ("requests", "sessions", "tickets", "pages", "images")

OBSERVED_SQL = """
SELECT DISTINCT provider, model, region,
       json_extract_string(tags, '$.x_datastore') AS datastore,
       json_extract_string(tags, '$.x_tool') AS tool
FROM usage
WHERE feature = $feature AND started_at >= $since AND started_at < $until
ORDER BY 1, 2, 3, 4, 5
"""

DAILY_UNIT_SQL = """
SELECT CAST(started_at AS DATE) AS day,
       CAST(sum(contract_cost_usd) AS DOUBLE) AS cost_usd,
       count(*) FILTER (WHERE contract_cost_usd IS NULL) AS unpriced,
       count(*) AS requests,
       count(DISTINCT session_id) AS sessions,
       count(DISTINCT ticket_id) AS tickets,
       CAST(sum(pages) AS DOUBLE) AS pages, CAST(sum(images) AS DOUBLE) AS images
FROM priced_usage
WHERE feature = $feature AND started_at >= $since AND started_at < $until
GROUP BY 1 ORDER BY 1
"""

DAILY_OUTCOMES_SQL = f"""{LABELLED_SQL}
SELECT CAST(started_at AS DATE) AS day, count(*) AS units FROM labelled
WHERE outcome = $outcome GROUP BY 1 ORDER BY 1
"""  # noqa: S608  # both are constants


def owner_is_accountable(case: Case) -> Finding:
    """G0-01: exactly one owner, active in the directory, attested within 90 days."""
    owners = case.stated("owner")
    if len(owners) != 1:
        return judged(False, f"{len(owners)} owners; exactly one must be accountable")
    owner = owners[0]
    need(owner.attested_on, "the owner has no `attested_on` date")
    need(owner.account, "the owner has no directory `account`")
    age = case.days_since(owner.attested_on)
    if not 0 <= age <= ATTESTED_WITHIN_DAYS:
        return judged(
            False, f"last attested {age} days ago, at most {ATTESTED_WITHIN_DAYS}", age_days=age
        )
    directory = {row["account"]: row["active"] for row in case.table("directory")}
    active = directory.get(owner.account, False)
    return judged(
        active,
        f"{owner.role} attested {age} days ago, account {'active' if active else 'not active'}",
        age_days=age,
    )


def unit_earns_its_cost(case: Case) -> Finding:
    """G0-02: cost per unit of value is below its value at P50 and at P90 of the last 30 days."""
    unit = case.stated("unit_of_value")
    need(unit.value_usd is not None, "the unit of value has no `value_usd`")
    counted = unit.counted_by.split()[-1]
    days = case.rows(DAILY_UNIT_SQL, days=COST_DAYS)
    need(days, f"no priced usage in the last {COST_DAYS} days")
    need(not any(day["unpriced"] for day in days), "some requests have no price")
    if counted in COUNTED_COLUMNS:
        units = {day["day"]: day[counted] or 0 for day in days}
    else:
        labelled = case.rows(DAILY_OUTCOMES_SQL, days=COST_DAYS, outcome=counted)
        units = {row["day"]: row["units"] for row in labelled}
    costs = [day["cost_usd"] / units[day["day"]] for day in days if units.get(day["day"])]
    need(len(costs) >= MIN_COST_DAYS, f"units of value on {len(costs)} days, needs {MIN_COST_DAYS}")
    total = sum(day["cost_usd"] for day in days) / sum(units.values())
    p50, p90 = (float(x) for x in np.quantile(costs, [0.5, 0.9]))
    return judged(
        max(p50, p90, total) < unit.value_usd,
        f"{unit.name} costs {p50:.4f} USD (P50) and {p90:.4f} USD (P90 of days), worth {unit.value_usd:g} USD",
        p50_usd=p50, p90_usd=p90, mean_usd=total, value_usd=unit.value_usd,
    )  # fmt: skip


def dependencies_are_mapped(case: Case) -> Finding:
    """G0-03: everything seen in the last 30 days of logs is in the dependency map."""
    mapped = case.stated("dependencies")
    seen = case.rows(OBSERVED_SQL, days=30)
    need(seen, "no usage in the last 30 days to compare the map with")
    unmapped = sorted({name for row in seen for name in _unmapped(row, mapped)})
    unused = [d for d in mapped if not any(_covers(d, row) for row in seen)]
    idle = f"; {len(unused)} mapped and never seen" if unused else ""
    reason = f"{len(unmapped)} not mapped: {', '.join(unmapped[:5])}" if unmapped else "all mapped"
    return Finding(
        verdict="fail" if unmapped else "pass", reason=reason + idle, warning=bool(unused),
        measured={"unmapped": unmapped, "never_seen": len(unused)},
    )  # fmt: skip


def _unmapped(row: Mapping[str, Any], mapped: list[Dependency]) -> list[str]:
    models = [d for d in mapped if d.provider]
    found = []
    if not any(_serves(d, row) for d in models):
        found.append("/".join(str(row[key]) for key in ("provider", "model", "region") if row[key]))
    names = {d.name for d in mapped}
    found += [row[key] for key in ("datastore", "tool") if row[key] and row[key] not in names]
    return found


def _serves(dependency: Dependency, row: Mapping[str, Any]) -> bool:
    regions = {dependency.region, *dependency.regions} - {None}
    return (
        dependency.provider == row["provider"]
        and dependency.model in (None, row["model"])
        and (not row["region"] or not regions or row["region"] in regions)
    )


def _covers(dependency: Dependency, row: Mapping[str, Any]) -> bool:
    if dependency.provider:
        return _serves(dependency, row)
    return dependency.name in (row["datastore"], row["tool"])


def regulations_are_decided(case: Case) -> Finding:
    """G0-04: every rule that this place, sector and data touch has a control, owner and decision."""
    case.stated("jurisdictions")
    case.stated("sector")
    case.stated("data_classes")
    triggered = triggered_rules(case.dossier)
    decided = {entry.rule: entry for entry in case.dossier.regulations}
    open_rules = []
    for rule in triggered:
        entry = decided.get(rule)
        settled = entry is not None and entry.applies is not None and entry.owner
        if not (settled and entry and (entry.control if entry.applies else entry.reason)):
            open_rules.append(rule)
    return judged(
        not open_rules,
        f"{len(triggered)} rules touch the workflow, {len(open_rules)} undecided"
        + (f": {', '.join(open_rules[:6])}" if open_rules else ""),
        triggered=triggered, undecided=open_rules,
    )  # fmt: skip


_DATA_WORDS = {
    "personal": ("personal", "pii", "customer", "employee", "contact", "user"),
    "special": ("special", "health", "biometric"),
    "card": ("card", "pan", "payment"),
    "children": ("child",),
}
_SECTOR_WORDS = {
    "finance": ("financ", "bank", "insur", "invest", "pay"),
    "health": ("health", "medic", "pharma", "hospital"),
}


def triggered_rules(dossier: Dossier) -> list[str]:
    """Return the ids of the control catalogue that jurisdiction, sector and data classes touch.

    A rule of doubtful confidence is listed too: it can ask for a decision, it decides nothing.
    """
    places = {place.upper() for place in dossier.jurisdictions}
    return [
        row["rule_id"]
        for row in read_table("control_catalogue")
        if (row["jurisdiction"] == "*" or _place_touched(row["jurisdiction"], places))
        and _touched(row["sector"], [dossier.sector or ""], _SECTOR_WORDS)
        and _touched(row["data_kind"], dossier.data_classes, _DATA_WORDS)
    ]


def _place_touched(place: str, places: set[str]) -> bool:
    return place in places or any(named.startswith(f"{place}-") for named in places)


def _touched(kind: str, values: list[str], words: Mapping[str, tuple[str, ...]]) -> bool:
    if kind == "*":
        return True
    lowered = [value.lower() for value in values]
    return any(word in value for value in lowered for word in words[kind])


def ai_act_class_is_set(case: Case) -> Finding:
    """G0-05: role and class set by someone named, reviewed within a year and since the last change."""
    act = case.stated("ai_act")
    missing = [
        key
        for key in ("role", "risk_class", "reason", "set_by", "reviewed_on")
        if not getattr(act, key)
    ]
    need(not missing, f"ai_act lacks {', '.join(missing)}")
    if act.risk_class == "high":
        need(act.annex_iii_point, "a high-risk class names its Annex III point")
    age = case.days_since(act.reviewed_on)
    stale = act.use_changed_on is not None and act.use_changed_on > act.reviewed_on
    if act.risk_class == "prohibited":
        return judged(False, "the use is prohibited (Art. 5)", age_days=age)
    return judged(
        0 <= age <= AI_ACT_REVIEW_DAYS and not stale,
        f"{act.role}, {act.risk_class}, reviewed {age} days ago"
        + (", before the use changed" if stale else ""),
        age_days=age,
    )


def baseline_is_measured(case: Case) -> Finding:
    """G0-06: the process replaced was measured on at least 30 cases, with an interval."""
    base = case.stated("baseline")
    missing = [
        k for k in ("n", "mean_cost_usd", "sd_cost_usd", "errors") if getattr(base, k) is None
    ]
    need(not missing, f"the baseline lacks {', '.join(missing)}")
    if base.n < BASELINE_CASES:
        return judged(False, f"{base.n} cases measured, needs {BASELINE_CASES}", n=base.n)
    need(base.errors <= base.n, "the baseline has more errors than cases")
    low, high = wilson_interval(base.errors, trials=base.n)
    half = 1.959963984540054 * base.sd_cost_usd / base.n**0.5
    return judged(
        True,
        f"{base.n} cases: {base.mean_cost_usd:.2f} ± {half:.2f} USD, "
        f"errors {base.errors / base.n:.1%} ({low:.1%} to {high:.1%})",
        n=base.n, error_low=low, error_high=high,
        cost_low_usd=base.mean_cost_usd - half, cost_high_usd=base.mean_cost_usd + half,
    )  # fmt: skip


CHECKS = {
    "G0-01": owner_is_accountable, "G0-02": unit_earns_its_cost,
    "G0-03": dependencies_are_mapped, "G0-04": regulations_are_decided,
    "G0-05": ai_act_class_is_set, "G0-06": baseline_is_measured,
}  # fmt: skip
