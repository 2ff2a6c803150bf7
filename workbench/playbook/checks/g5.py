"""Stage 5, upkeep: upgrades, feedback, audits, prompts and runbooks."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from workbench.models.model_upgrade import (
    COST_RISE_LIMIT,
    SCHEMA_VALID_FLOOR,
    Correction,
    UpgradeComparison,
    compare_models,
    feedback_loop,
)  # fmt: skip
from workbench.models.readiness.controls import impact_ratios
from workbench.playbook.dossier import Upgrade
from workbench.playbook.drill import read_drills
from workbench.playbook.evaluations import read_results
from workbench.playbook.evidence import Case, Finding, judged, need
from workbench.playbook.prompts import PromptLibrary, read_prompts
from workbench.units import SECONDS_PER_HOUR

AUDIT_DAYS = 92
HIGH_FINDING_DAYS = 30
FOUR_FIFTHS = 0.8
GROUP_FLOOR = 30
TRIAGED_SHARE = 0.95
REHEARSED_DAYS = 180
EVALUATED_DAYS = 90
RUNBOOKS = ("hallucination", "spike", "abuse")

PROMPTS_SQL = """
SELECT DISTINCT prompt_id FROM usage
WHERE feature = $feature AND environment = 'production' AND prompt_id IS NOT NULL
  AND started_at >= $since AND started_at < $until ORDER BY prompt_id
"""


def _newest_upgrade(case: Case) -> Upgrade:
    upgrades = [u for u in case.stated("upgrades") if u.purpose == "upgrade"]
    need(upgrades, "no upgrade with purpose `upgrade` is on file")
    return max(upgrades, key=lambda u: (u.evaluated_on or date.min, u.name))


def compared_upgrade(case: Case, upgrade: Upgrade) -> UpgradeComparison:
    """Return the comparison of an upgrade's two result files."""
    sides = []
    for relative in (upgrade.old_results, upgrade.new_results):
        path = case.path(relative)
        results = read_results(path)
        case.note_file(path, path.read_bytes(), rows=len(results))
        sides.append(results)
    try:
        return compare_models(
            old=sides[0], new=sides[1], critical=upgrade.critical,
            cost_rise_approved=bool(upgrade.cost_rise_approved_by),
        )  # fmt: skip
    except ValueError as error:
        need(False, str(error))
        raise


def upgrade_is_benchmarked(case: Case) -> Finding:
    """G5-01: the new model was shown to be non-inferior on enough pairs, before the cut-over."""
    upgrade = _newest_upgrade(case)
    need(upgrade.evaluated_on, f"upgrade {upgrade.name} has no evaluated_on")
    if upgrade.cut_over_on and upgrade.evaluated_on and upgrade.evaluated_on >= upgrade.cut_over_on:
        return judged(False, f"evaluated {upgrade.evaluated_on}, cut over {upgrade.cut_over_on}")
    quality = compared_upgrade(case, upgrade).quality
    text = (
        f"{quality.new_rate:.1%} against {quality.old_rate:.1%} on {quality.pairs} pairs, lower bound "
        f"{quality.lower_bound:+.1%}, margin {quality.margin:.0%}, needs {quality.pairs_needed} pairs"
    )
    need(quality.verdict != "not shown" or quality.pairs >= quality.pairs_needed, text)
    return judged(
        quality.verdict == "non-inferior",
        text,
        lower_bound=quality.lower_bound,
        pairs=quality.pairs,
    )


def upgrade_is_safe(case: Case) -> Finding:
    """G5-02: refusals, format and resistance to attacks are non-inferior; 99.5 % keep the format."""
    compared = compared_upgrade(case, _newest_upgrade(case))
    missing = {"not refused", "schema valid", "attack resisted"} - set(compared.safety)
    valid = compared.new_schema_valid
    worse = [name for name, test in compared.safety.items() if test.verdict == "inferior"]
    if valid is not None and valid < SCHEMA_VALID_FLOOR:
        worse.append(f"{valid:.2%} keep the format")
    if worse:
        return judged(False, f"worse: {', '.join(worse)}", schema_valid=valid)
    need(not missing, f"not measured on both models: {', '.join(sorted(missing))}")
    unshown = [
        f"{name}: {test.pairs} of {test.pairs_needed} pairs"
        for name, test in compared.safety.items() if test.verdict == "not shown"
    ]  # fmt: skip
    short = any(
        t.verdict == "not shown" and t.pairs < t.pairs_needed for t in compared.safety.values()
    )
    need(not short, f"too few pairs: {', '.join(unshown)}")
    return judged(
        not unshown, "; ".join(unshown) or f"non-inferior on all three, {valid:.2%} keep the format"
    )


def upgrade_cost_is_accepted(case: Case) -> Finding:
    """G5-03: cost per success rises at most 5 % or is approved; tokens are measured on both."""
    upgrade = _newest_upgrade(case)
    compared = compared_upgrade(case, upgrade)
    sides = (compared.old, compared.new)
    need(
        all(s.input_tokens is not None and s.output_tokens is not None for s in sides),
        "tokens were not measured",
    )
    need(all(s.reasoning_tokens is not None for s in sides), "thinking tokens were not measured")
    change = compared.cost_change
    need(change is not None, "cost per success was not measured on both models")
    rise, approver = change or 0.0, upgrade.cost_rise_approved_by
    ratio = (compared.new.input_tokens or 0) / (compared.old.input_tokens or 1)
    return judged(
        rise <= COST_RISE_LIMIT or bool(approver),
        f"cost per success {rise:+.1%}, input tokens x{ratio:.2f}"
        + (f", approved by {approver}" if rise > COST_RISE_LIMIT and approver else ""),
        cost_change=rise, input_token_ratio=ratio,
    )  # fmt: skip


def feedback_closes(case: Case) -> Finding:
    """G5-04: 95 % of corrections are triaged in 14 days; every confirmed one gave a test case."""
    rows = case.table("corrections")
    loop = feedback_loop([correction_of(row) for row in rows], as_of_day=case.as_of.toordinal())
    need(loop, "no correction is old enough to judge")
    if loop is None:
        raise AssertionError
    fix = (
        f"{loop.median_days_to_fix:.0f} days"
        if loop.median_days_to_fix is not None
        else "none fixed yet"
    )
    return judged(
        loop.triaged_share >= TRIAGED_SHARE and loop.confirmed_with_case == loop.confirmed,
        f"{loop.triaged_share:.1%} of {loop.corrections} triaged in time, median to fix {fix}, "
        f"{loop.confirmed_with_case} of {loop.confirmed} confirmed became test cases",
        triaged_share=loop.triaged_share,
    )


def correction_of(row: dict[str, Any]) -> Correction:
    """Return a row of evidence/corrections.csv as the model takes it."""

    def day(value: date | None) -> int | None:
        return None if value is None else value.toordinal()

    return Correction(
        reported_day=row["reported_on"].toordinal(), triaged_day=day(row["triaged_on"]),
        fixed_day=day(row["fixed_on"]), confirmed=row["confirmed"],
        evaluation_cases=row["evaluation_cases"],
    )  # fmt: skip


def privacy_is_audited(case: Case) -> Finding:
    """G5-05: a privacy review within 92 days, and no high finding open for more than 30."""
    held = [r for r in case.stated("reviews") if r.kind == "privacy" and r.held_on]
    need(held, "no privacy review is on file")
    age = case.days_since(max(r.held_on for r in held))
    old = [
        f for r in held for f in r.findings
        if f.severity == "high" and f.closed_on is None and case.days_since(f.opened_on) > HIGH_FINDING_DAYS
    ]  # fmt: skip
    return judged(
        0 <= age <= AUDIT_DAYS and not old,
        f"last privacy review {age} days ago, {len(old)} high findings open for over 30 days",
        age_days=age,
    )


def fairness_is_audited(case: Case) -> Finding:
    """G5-06: every group of at least 30 reaches four fifths of the best rate, reviewed in 92 days."""
    held = [r for r in case.stated("reviews") if r.kind == "fairness" and r.held_on]
    need(held, "no fairness review is on file")
    age = case.days_since(max(r.held_on for r in held))
    if not 0 <= age <= AUDIT_DAYS:
        return judged(False, f"last fairness review {age} days ago, at most {AUDIT_DAYS}")
    rows = case.table("group_outcomes")
    counts: dict[str, tuple[int, int]] = {}
    for row in rows:
        selected, trials = counts.get(row["group"], (0, 0))
        counts[row["group"]] = (selected + row["selected"], trials + row["trials"])
    need(len(counts) > 1, "one group only: nothing to compare")
    small = [name for name, (_, trials) in counts.items() if trials < GROUP_FLOOR]
    need(not small, f"fewer than {GROUP_FLOOR} cases in {', '.join(small)}")
    need(all(s <= n for s, n in counts.values()), "a group has more selected than cases")
    need(any(s for s, _ in counts.values()), "nobody was selected in any group")
    lowest = impact_ratios(counts)[0]
    return judged(
        lowest.ratio >= FOUR_FIFTHS,
        f"{lowest.group} at {lowest.ratio:.2f} of the best rate ({lowest.ratio_low:.2f} to {lowest.ratio_high:.2f})",
        ratio=lowest.ratio,
    )


def resilience_is_audited(case: Case) -> Finding:
    """G5-07: a failover drill within 92 days recovered inside the tolerance."""
    drills = [row for row in case.optional_table("drills") or [] if row["kind"] == "failover"]
    drills += _measured_drills(case)
    need(
        drills, "no failover drill is on file (evidence/drills.csv or evidence/drills/drill-*.json)"
    )
    newest = max(drills, key=lambda row: row["held_on"])
    slos, plan = case.dossier.slos, case.dossier.exit
    limit = (slos and slos.rto_hours) or (plan and plan.impact_tolerance_hours)
    need(limit, "no tolerance: slos.rto_hours or exit.impact_tolerance_hours")
    age = case.days_since(newest["held_on"])
    return judged(
        0 <= age <= AUDIT_DAYS and newest["recovery_hours"] <= (limit or 0),
        f"drill {age} days ago recovered in {newest['recovery_hours']:g} h, tolerance {limit:g} h",
        age_days=age, recovery_hours=newest["recovery_hours"], cost_usd=newest["cost_usd"],
    )  # fmt: skip


def _measured_drills(case: Case) -> list[dict[str, Any]]:
    """Return the drills the workbench itself held; those against stand-ins are no evidence."""
    folder = case.evidence.folder / "evidence" / "drills"
    for path in sorted(folder.glob("drill-*.json")):
        case.note_file(path, path.read_bytes(), rows=1)
    return [
        {
            "held_on": date.fromisoformat(record.started_at[:10]), "cost_usd": record.cost_usd,
            "recovery_hours": (record.failover_seconds or 0.0) / SECONDS_PER_HOUR,
        }
        for record in read_drills(folder)
        if record.is_evidence
    ]  # fmt: skip


def prompts_are_kept(case: Case) -> Finding:
    """G5-08: every prompt is valid, its fallback exists, it was evaluated within 90 days."""
    library = read_prompts(case.evidence.folder / "prompts")
    for path, raw in library.files.items():
        case.note_file(path, raw, rows=1)
    need(library.files, "there is no prompt library (prompts/*.yaml)")
    faults = list(library.faults) + _stale(case, library)
    used = [row["prompt_id"] for row in case.rows(PROMPTS_SQL, days=30)]
    faults += [
        f"{name} is used and not in the library" for name in used if name not in library.prompts
    ]
    return judged(
        not faults, "; ".join(faults[:4]) or f"{len(library.prompts)} prompts hold", faults=faults
    )


def _stale(case: Case, library: PromptLibrary) -> list[str]:
    faults = []
    for name, prompt in library.prompts.items():
        if prompt.expires_on < case.as_of:
            faults.append(f"{name} expired {prompt.expires_on}")
        newest = max(test.evaluated_on for test in prompt.tests)
        if not 0 <= case.days_since(newest) <= EVALUATED_DAYS:
            faults.append(f"{name} evaluated {case.days_since(newest)} days ago")
    return faults


def runbooks_are_rehearsed(case: Case) -> Finding:
    """G5-09: all three runbooks were rehearsed within 180 days, and it does not take longer."""
    rows = sorted(case.table("rehearsals"), key=lambda row: row["rehearsed_on"])
    faults, thin = [], []
    for runbook in RUNBOOKS:
        mine = [row for row in rows if row["runbook"] == runbook]
        need(mine, f"runbook {runbook} was never rehearsed")
        age = case.days_since(mine[-1]["rehearsed_on"])
        if age > REHEARSED_DAYS:
            faults.append(f"{runbook} rehearsed {age} days ago")
        if len(mine) < 2:
            thin.append(runbook)
        elif _rising([row["minutes_to_mitigate"] for row in mine]):
            faults.append(f"{runbook} takes longer: {mine[-1]['minutes_to_mitigate']:g} min")
    if faults:
        return judged(False, "; ".join(faults))
    need(not thin, f"one rehearsal only, no trend: {', '.join(thin)}")
    return judged(True, "all three rehearsed within 180 days, none takes longer")


def _rising(minutes: Sequence[float]) -> bool:
    """Say whether most pairs rise: the sign of Kendall's statistic, free of outliers."""
    pairs = [(a, b) for i, a in enumerate(minutes) for b in minutes[i + 1 :]]
    return sum((b > a) - (b < a) for a, b in pairs) > 0


CHECKS = {
    "G5-01": upgrade_is_benchmarked, "G5-02": upgrade_is_safe, "G5-03": upgrade_cost_is_accepted,
    "G5-04": feedback_closes, "G5-05": privacy_is_audited, "G5-06": fairness_is_audited,
    "G5-07": resilience_is_audited, "G5-08": prompts_are_kept, "G5-09": runbooks_are_rehearsed,
}  # fmt: skip
