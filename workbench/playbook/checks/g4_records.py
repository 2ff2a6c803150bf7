"""Stage 4, records: every store has a retention rule, and it is carried out."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from workbench.models.retention.rules import Rule, rule_from_row
from workbench.playbook.dossier import RetentionRule
from workbench.playbook.evidence import Case, Finding, judged, need
from workbench.reference import read_table

PURGE_RUN_DAYS = 90
ERASURE_DAYS = 30
ERASURE_PLACES = frozenset({"logs", "vectors", "caches", "backups", "provider"})


def retention_covers_stores(case: Case) -> Finding:
    """G4-04: every store and data class has a rule that lies between its lower and upper bound."""
    entries = case.stated("retention")
    classes = case.stated("data_classes")
    stores = {
        d.name
        for d in case.dossier.dependencies
        if d.kind in ("datastore", "log_sink", "backup") and d.name
    }
    stores |= {row["store"] for row in case.optional_table("store_ages") or []}
    stores |= {entry.store for entry in entries}
    covered = {(entry.store, entry.data_class) for entry in entries}
    bare = sorted(store for store in stores if not any(store == s for s, _ in covered))
    unkept = sorted(name for name in classes if not any(name == c for _, c in covered))
    if bare or unkept:
        return judged(
            False, f"no retention rule for {', '.join(bare + unkept)}", missing=bare + unkept
        )
    unstated = [
        f"{e.store}/{e.data_class}"
        for e in entries
        if e.keep_days is None or not (e.rule_ids or e.reason)
    ]
    need(not unstated, f"no period, or no rule or reason for it: {', '.join(unstated)}")
    rules = _rules()
    unknown = sorted({i for e in entries for i in e.rule_ids} - set(rules))
    need(not unknown, f"unknown retention rules: {', '.join(unknown)}")
    faults = [text for entry in entries if (text := _bounds_fault(entry, rules, on=case.as_of))]
    return judged(
        not faults, "; ".join(faults[:3]) or f"{len(entries)} periods lie within their rules"
    )


def _rules() -> dict[str, Rule]:
    return {row["rule_id"]: rule_from_row(row) for row in read_table("retention_rules")}


def _bounds_fault(entry: RetentionRule, rules: Mapping[str, Rule], *, on: date) -> str | None:
    """Compare the period with the bounds of rules that share trigger and holder, and bind today."""
    if entry.conflict_decision:
        return None
    groups: dict[tuple[str, str], list[Rule]] = {}
    for rule in (rules[rule_id] for rule_id in entry.rule_ids):
        if rule.may_bind and rule.in_force(on) and rule.period is not None:
            groups.setdefault((rule.trigger, rule.holder), []).append(rule)
    name, keep_days = f"{entry.store}/{entry.data_class}", entry.keep_days or 0
    for group in groups.values():
        least = [r.period.longest_days for r in group if r.period and "minimum" in r.kind]
        most = [r.period.shortest_days for r in group if r.period and r.kind == "maximum"]
        lower, upper = max(least, default=0), min(most, default=10**9)
        if lower > upper:
            return f"{name}: rules ask for at least {lower} and at most {upper} days, undecided"
        if keep_days < lower:
            return f"{name}: kept {keep_days} days, at least {lower}"
        if keep_days > upper:
            return f"{name}: kept {keep_days} days, at most {upper}"
    return None


def retention_is_executed(case: Case) -> Finding:
    """G4-05: nothing is older than its period, nothing is missing inside it, purges run."""
    rules = {(entry.store, entry.data_class): entry for entry in case.stated("retention")}
    ages = {(row["store"], row["data_class"]): row for row in case.table("store_ages")}
    unseen = sorted("/".join(key) for key in set(rules) - set(ages))
    faults: list[str] = []
    for key, row in ages.items():
        entry, name = rules.get(key), "/".join(key)
        need(entry and entry.keep_days is not None, f"no period is stated for {name}")
        faults += _execution_faults(case, row, name=name, keep_days=entry.keep_days if entry else 0)
    if faults:
        return judged(False, "; ".join(faults[:4]), faults=faults)
    need(not unseen, f"no age was measured for {', '.join(unseen)}")
    return judged(True, f"{len(ages)} stores hold what they should")


def _execution_faults(
    case: Case, row: dict[str, Any], *, name: str, keep_days: int | None
) -> list[str]:
    age = case.days_since(row["oldest_on"])
    faults = []
    if keep_days is not None and age > keep_days:
        faults.append(f"{name}: oldest row {age} days, kept {keep_days}")
    if row["missing_inside_minimum"]:
        faults.append(f"{name}: {row['missing_inside_minimum']} rows missing")
    if row["purged_on"] is None or case.days_since(row["purged_on"]) > PURGE_RUN_DAYS:
        faults.append(f"{name}: no purge run in {PURGE_RUN_DAYS} days")
    return faults


def erasure_is_complete(case: Case) -> Finding:
    """G4-06: every erasure request was carried out in all five places within 30 days."""
    requests: dict[str, list[dict[str, Any]]] = {}
    for row in case.table("erasures"):
        requests.setdefault(row["request"], []).append(row)
    late, longest = [], 0
    for request, rows in requests.items():
        missing = ERASURE_PLACES - {row["place"] for row in rows}
        need(not missing, f"request {request} says nothing about {', '.join(sorted(missing))}")
        for row in rows:
            days = ((row["gone_on"] or case.as_of) - row["requested_on"]).days
            if days > ERASURE_DAYS:
                late.append(f"{request} in {row['place']} after {days} days")
            elif row["gone_on"] is None:
                need(False, f"request {request} is still open in {row['place']}")
            longest = max(longest, days)
    return judged(
        not late, "; ".join(late[:4]) or f"{len(requests)} requests, all gone within {longest} days",
        longest_days=longest,
    )  # fmt: skip


CHECKS = {
    "G4-04": retention_covers_stores, "G4-05": retention_is_executed, "G4-06": erasure_is_complete,
}  # fmt: skip
