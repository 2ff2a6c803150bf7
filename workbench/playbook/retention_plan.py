"""Which law binds each store of a feature, and what the disposal plan makes of it.

The dossier says what is kept where and by which rules. The roles of the holder follow from it:
the roles of the rules it cites, the AI Act role where the risk is high, and controller.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from datetime import date
from typing import Any

from workbench.models.retention.resolver import Finding, RecordSeries, Resolution, resolve
from workbench.models.retention.rules import Rule, rule_from_row
from workbench.models.retention.windows import crossing
from workbench.playbook.dossier import Dossier, RetentionRule
from workbench.reference import read_table
from workbench.store.disposition import Hold, Item, Policy, plan
from workbench.store.layout import Layout

METERING = "metering"
AI_ACT_HOLDERS = {"provider": "high_risk_ai_provider", "deployer": "high_risk_ai_deployer"}
LAW_WORDS = {"personal": "personal_data", "personal data": "personal_data"}
"""What a dossier calls a class, and what the rules call it, where both plainly mean the same."""
RECORD_TRIGGERS = frozenset(
    {"record_made", "log_written", "sent_or_received", "recording", "disclosure", "event"}
)
"""Triggers that are the record's own day, so that its age is its time since the trigger."""


def shipped_rules() -> tuple[Rule, ...]:
    """Return the rules of data/reference/retention_rules.csv."""
    return tuple(rule_from_row(row) for row in read_table("retention_rules"))


def resolutions(
    dossier: Dossier, rules: Sequence[Rule], *, as_of: date, holds: Sequence[Hold] = ()
) -> list[Resolution]:
    """Return what the law asks of every store and data class of one feature."""
    return [
        _with_unknown(
            resolve(_series(dossier, kept, rules, holds=holds), rules, as_of=as_of), kept, rules
        )
        for kept in dossier.retention
    ]


def _with_unknown(one: Resolution, kept: RetentionRule, rules: Sequence[Rule]) -> Resolution:
    """Add a finding for each rule the dossier cites that no table has, or that does not reach it.

    A minimum that the owner cites is kept until the dossier is settled: what goes is gone.
    """
    known = {rule.rule_id for rule in rules}
    series = one.series
    stated = ", ".join([*sorted(series.jurisdictions), *(sorted(series.sectors) or ["no sector"])])
    outside = [
        Finding(
            subject="cited rule", verdict="fail", rule=rule,
            text=f"{rule.rule_id} is for {rule.jurisdiction}, {rule.sector}, and the dossier states "
            f"{stated}: correct one of them; until then the least it asks is kept",
        )
        for rule in rules
        if rule.rule_id in kept.rule_ids
        and not (rule.reaches(series.jurisdictions) and rule.sector in ("all", *series.sectors))
    ]  # fmt: skip
    unknown = [
        Finding(
            subject="cited rule", verdict="fail", rule=None,
            text=f"{rule_id} is in no table of rules, so it binds nothing",
        )
        for rule_id in kept.rule_ids if rule_id not in known
    ]  # fmt: skip
    return replace(one, findings=(*one.findings, *outside, *unknown))


def _series(
    dossier: Dossier, kept: RetentionRule, rules: Sequence[Rule], *, holds: Sequence[Hold]
) -> RecordSeries:
    cited = {rule_id for one in dossier.retention for rule_id in one.rule_ids}
    roles = {rule.holder for rule in rules if rule.rule_id in cited} | {"controller"}
    act = dossier.ai_act
    if act and act.risk_class == "high" and act.role in AI_ACT_HOLDERS:
        roles.add(AI_ACT_HOLDERS[act.role])
    classes = {LAW_WORDS.get(kept.data_class, kept.data_class)}
    classes |= {rule.record_class for rule in rules if rule.rule_id in kept.rule_ids}
    places = {one.name: one.region for one in dossier.dependencies if one.name}
    return RecordSeries(
        store=kept.store,
        record_classes=frozenset(classes),
        jurisdictions=frozenset(dossier.jurisdictions) or frozenset({"global"}),
        sectors=frozenset({dossier.sector} if dossier.sector else ()),
        holders=frozenset(roles),
        region=places.get(kept.store),
        stated_days=kept.keep_days,
        on_hold=any(hold.data_class in ("*", kept.data_class) for hold in holds),
    )


def policies(stated: Iterable[tuple[RetentionRule, Resolution]]) -> list[Policy]:
    """Return one disposal policy a data class: the longest period and minimum of all features."""
    found: dict[str, Policy] = {}
    for kept, resolution in stated:
        policy = _policy(resolution, kept)
        before = found.get(kept.data_class)
        found[kept.data_class] = policy if before is None else _stricter(before, policy)
    return list(found.values())


def _policy(one: Resolution, kept: RetentionRule) -> Policy:
    lowers = [band for band in one.bands if band.lower is not None]
    cited = [finding for finding in one.findings if finding.subject == "cited rule"]
    unknown = {finding.text.split()[0] for finding in cited if finding.rule is None}
    outside = [
        (rule.trigger, rule.period.longest_days)
        for finding in cited
        if (rule := finding.rule) and rule.period and rule.kind in ("minimum", "extended_minimum")
    ]
    minimum = max(
        [0, *(days for _, days in outside), *(band.lower.days for band in lowers if band.lower)]
    )
    ids = [rule_id for band in lowers if band.lower for rule_id in band.lower.rule_ids]
    own_day = {
        *(trigger for trigger, _ in outside),
        *(band.trigger for band in lowers),
    } <= RECORD_TRIGGERS
    return Policy(
        data_class=kept.data_class,
        keep_days=kept.keep_days,
        minimum_days=minimum,
        rule_ids=tuple(dict.fromkeys([*(r for r in kept.rule_ids if r not in unknown), *ids])),
        counts_from_record=own_day,
    )


def _stricter(one: Policy, other: Policy) -> Policy:
    stated = [policy.keep_days for policy in (one, other)]
    longest = None if None in stated else max(days for days in stated if days is not None)
    return Policy(
        data_class=one.data_class,
        keep_days=longest,
        minimum_days=max(one.minimum_days, other.minimum_days),
        rule_ids=tuple(dict.fromkeys([*one.rule_ids, *other.rule_ids])),
        counts_from_record=one.counts_from_record and other.counts_from_record,
    )


def _for_metering(
    found: list[Policy], *, features: Iterable[str], covered: set[str], default_days: int | None
) -> list[Policy]:
    """Return the policies with metering answered for every feature that has rows.

    Rows of all features lie in the same segments, so one feature without a period keeps them all,
    unless the workspace states a period for what no dossier speaks for.
    """
    unstated = tuple(sorted({one or "rows without a feature" for one in features} - covered))
    if not unstated:
        return found
    rest = Policy(data_class=METERING, keep_days=default_days)
    before = next((one for one in found if one.data_class == METERING), None)
    made = rest if before is None else _stricter(before, rest)
    if made.keep_days is None:
        made = replace(made, unstated=unstated if default_days is None else ())
    return [*(one for one in found if one.data_class != METERING), made]


def retain_plan(
    layout: Layout,
    dossiers: Sequence[Dossier],
    *,
    holds: Sequence[Hold] = (),
    as_of: date,
    closed: frozenset[str] = frozenset(),
    features: Iterable[str] = (),
    default_days: int | None = None,
) -> tuple[list[Item], list[Resolution]]:
    """Return what would go and why, and what the law asks, for a workspace.

    Parameters
    ----------
    layout, dossiers
        The workspace and its dossiers.
    holds
        Legal holds; they override every period.
    as_of
        Day the plan is made for.
    closed
        Months (`2026-10`) that are closed; metering rows of others stay.
    features
        Features that have metering rows; one that no dossier gives a period keeps all rows.
    default_days
        The workspace's own period for metering rows that no dossier speaks for.
    """
    rules = shipped_rules()
    stated = [
        pair
        for dossier in dossiers
        for pair in zip(
            dossier.retention,
            resolutions(dossier, rules, as_of=as_of, holds=holds),
            strict=True,
        )
    ]
    covered = {
        dossier.feature
        for dossier in dossiers
        if any(kept.data_class == METERING for kept in dossier.retention)
    }
    found = _for_metering(
        policies(stated), features=features, covered=covered, default_days=default_days
    )
    items = plan(layout, found, holds=holds, as_of=as_of, closed=closed)
    return items, [resolution for _, resolution in stated]


def _across(one: Resolution) -> dict[str, str | None] | None:
    found = crossing(one)
    if found is None:
        return None
    rule = found.overriding
    return {
        "verdict": found.verdict,
        "overriding": rule.rule_id if rule else None,
        "reason": found.reason,
    }


def as_data(items: Iterable[Item], resolved: Iterable[Resolution]) -> dict[str, Any]:
    """Return a plan as plain data for JSON."""
    listed = list(items)
    return {
        "dispose": [asdict(one) for one in listed if one.decision == "dispose"],
        "keep": [asdict(one) for one in listed if one.decision == "keep"],
        "law": [
            {
                "store": one.series.store,
                "record_classes": sorted(one.series.record_classes),
                "stated_days": one.series.stated_days,
                "verdict": one.verdict,
                "bands": [
                    {
                        "trigger": band.trigger,
                        "verdict": band.verdict,
                        "lower_days": band.lower.days if band.lower else None,
                        "upper_days": band.upper.days if band.upper else None,
                        "rules": [
                            rule_id
                            for bound in (band.lower, band.upper)
                            if bound
                            for rule_id in bound.rule_ids
                        ],
                        "overriding": band.overriding.rule_id if band.overriding else None,
                        "reason": band.reason,
                    }
                    for band in one.bands
                ],
                "across_triggers": _across(one),
                "findings": [
                    {"subject": f.subject, "verdict": f.verdict, "text": f.text}
                    for f in one.findings
                ],
                "not_binding": [
                    {"rule": rule.rule_id, "why": why} for rule, why in one.not_binding
                ],
            }
            for one in resolved
        ],
        "note": "not legal advice",
    }
