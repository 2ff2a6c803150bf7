"""Stage 3, rollout: exposure, steps, kill switch, isolation, least privilege, people, alerts."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any

import numpy as np

from workbench.models.monitoring.drift import score_alerts
from workbench.models.readiness.controls import (
    cohen_kappa,
    p_chart_breaches,
    sample_ratio_p_value,
    shared_between,
)  # fmt: skip
from workbench.playbook.checks.labels import LABELLED_SQL
from workbench.playbook.dossier import Environment, RolloutStep
from workbench.playbook.evidence import Case, Finding, judged, need
from workbench.playbook.privileges import privilege_faults, read_policies

SRM_P_FLOOR = 0.001
STEP_FACTOR = 5
HOLD_HOURS = 24
KILL_MINUTES = 5
KILL_TESTED_DAYS = 90
KEY_AGE_DAYS = 90
KAPPA_FLOOR = 0.6
REVIEWED_FLOOR = 100
BACKTEST_DAYS = 90

EXPOSURE_SQL = """
SELECT count(DISTINCT user_hash) AS eligible,
       count(DISTINCT user_hash) FILTER (WHERE flag_variant = $variant) AS exposed,
       count(*) FILTER (WHERE flag_variant = $variant) AS requests
FROM usage
WHERE feature = $feature AND environment = 'production'
  AND started_at >= $begin AND started_at < $end
"""

LAST_CALL_SQL = """
SELECT max(started_at) AS last_call, count(*) AS calls FROM usage
WHERE feature = $feature AND environment = 'production' AND flag_variant = $variant
  AND started_at >= $off_at AND started_at < $on_again_at
"""

USED_BEFORE_SQL = """
SELECT count(*) AS calls FROM usage
WHERE feature = $feature AND environment = 'production' AND flag_variant = $variant
  AND started_at >= $begin AND started_at < $off_at
"""

ACCESS_SQL = """
SELECT DISTINCT environment,
       json_extract_string(tags, '$.x_key_id') AS key_id,
       json_extract_string(tags, '$.x_service_account') AS service_account,
       json_extract_string(tags, '$.x_project') AS project
FROM usage
WHERE feature = $feature AND started_at >= $since AND started_at < $until
ORDER BY 1, 2, 3, 4
"""

ESCALATED_SQL = f"""{LABELLED_SQL}
SELECT CAST(date_trunc('week', started_at) AS DATE) AS week, count(*) AS units,
       count(*) FILTER (WHERE outcome = 'escalated') AS escalated
FROM labelled WHERE environment = 'production' GROUP BY 1 ORDER BY 1
"""  # noqa: S608  # both are constants


def _steps(case: Case) -> list[RolloutStep]:
    steps = sorted(case.stated("rollout.steps"), key=lambda step: moment(step.started_at))
    return [step for step in steps if moment(step.started_at).date() <= case.as_of]


def moment(value: date) -> datetime:
    """Return a date or time as naive UTC; a date is its first instant."""
    if not isinstance(value, datetime):
        return datetime.combine(value, time.min)
    return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value


def rollout_radius_holds(case: Case) -> Finding:
    """G3-01: at every step the share of users exposed is what the flag said."""
    variant, steps = case.stated("rollout.variant"), _steps(case)
    need(steps, "no rollout step has begun")
    ends = [moment(step.started_at) for step in steps[1:]]
    ends.append(datetime.combine(case.as_of + timedelta(days=1), time.min))
    worst_p, wrong = 1.0, []
    for step, end in zip(steps, ends, strict=True):
        seen = case.rows(EXPOSURE_SQL, variant=variant, begin=moment(step.started_at), end=end)[0]
        share = step.percentage / 100
        rare = min(share, 1 - share) or 1.0
        need(
            seen["eligible"] * rare >= 5,
            f"{seen['eligible']} users at {step.percentage:g} %: too few",
        )
        p_value = sample_ratio_p_value(
            exposed_users=seen["exposed"], eligible_users=seen["eligible"], planned_share=share
        )
        worst_p = min(worst_p, p_value)
        if p_value < SRM_P_FLOOR:
            wrong.append(
                f"{step.percentage:g} % planned, {seen['exposed'] / seen['eligible']:.1%} exposed"
            )
    text = "; ".join(wrong) or f"{len(steps)} steps follow the plan, lowest p {worst_p:.3g}"
    return judged(not wrong, text, lowest_p=worst_p)


def rollout_is_staged(case: Case) -> Finding:
    """G3-02: no step grows more than five times, each held a day and long enough for its metric."""
    variant, steps = case.stated("rollout.variant"), _steps(case)
    need(steps, "no rollout step has begun")
    faults = []
    if steps[0].percentage > STEP_FACTOR:
        faults.append(f"begins at {steps[0].percentage:g} %")
    for step, following in pairwise(steps):
        begin, end = moment(step.started_at), moment(following.started_at)
        if following.percentage > step.percentage * STEP_FACTOR:
            faults.append(f"{step.percentage:g} % to {following.percentage:g} % in one step")
        if end - begin < timedelta(hours=HOLD_HOURS):
            faults.append(
                f"{step.percentage:g} % held {(end - begin).total_seconds() / 3600:.0f} h"
            )
        need(
            step.requests_needed is not None, f"step {step.percentage:g} % has no `requests_needed`"
        )
        seen = case.rows(EXPOSURE_SQL, variant=variant, begin=begin, end=end)[0]["requests"]
        if seen < (step.requests_needed or 0):
            faults.append(
                f"{step.percentage:g} % left after {seen} of {step.requests_needed} requests"
            )
    need(faults or len(steps) > 1, "one step only; nothing was staged yet")
    return judged(not faults, "; ".join(faults) or f"{len(steps)} steps held long enough")


def kill_switch_works(case: Case) -> Finding:
    """G3-03: after the flag went off the last call came within five minutes, tested within 90 days."""
    variant = case.stated("rollout.variant")
    test = max(case.table("kill_switch_tests"), key=lambda row: row["off_at"])
    age = case.days_since(test["off_at"])
    need(test["on_again_at"] > test["off_at"], "the flag went on again before it went off")
    if age > KILL_TESTED_DAYS:
        return judged(
            False, f"last tested {age} days ago, at most {KILL_TESTED_DAYS}", age_days=age
        )
    before = case.rows(
        USED_BEFORE_SQL,
        variant=variant,
        off_at=test["off_at"],
        begin=test["off_at"] - timedelta(hours=1),
    )[0]["calls"]
    need(before, "no call in the hour before the test: it shows nothing")
    watched = test["on_again_at"] - test["off_at"]
    need(watched > timedelta(minutes=KILL_MINUTES), "the test ended within five minutes")
    last = case.rows(
        LAST_CALL_SQL, variant=variant, off_at=test["off_at"], on_again_at=test["on_again_at"]
    )[0]["last_call"]
    minutes = (last - test["off_at"]).total_seconds() / 60 if last else 0.0
    return judged(
        minutes <= KILL_MINUTES,
        f"last call {minutes:.1f} min after the flag went off",
        minutes=minutes,
    )


def environments_are_isolated(case: Case) -> Finding:
    """G3-04: nothing is shared between production and another environment; keys are fresh."""
    declared = {environment.name: environment for environment in case.stated("environments")}
    need(
        "production" in declared and len(declared) > 1,
        "production and another environment must be on file",
    )
    seen = case.rows(ACCESS_SQL, days=90)
    production = _holdings(declared["production"], seen)
    need(production, "the dossier lists no key, account or role of production")
    shared = [
        f"{kind} {name} with {other}"
        for other, environment in declared.items() if other != "production"
        for kind, name in shared_between(production, _holdings(environment, seen))
    ]  # fmt: skip
    if shared:
        return judged(False, f"shared: {', '.join(shared[:4])}", shared=shared)
    keys = declared["production"].keys
    need(all(key.created_on for key in keys), "a production key has no `created_on`")
    old = [
        key.id for key in keys if key.created_on and case.days_since(key.created_on) > KEY_AGE_DAYS
    ]
    return judged(
        not old,
        f"keys older than {KEY_AGE_DAYS} days: {', '.join(old)}" if old else "nothing shared",
    )


def _holdings(environment: Environment, seen: list[dict[str, Any]]) -> set[tuple[str, str]]:
    held = {("key", key.id) for key in environment.keys}
    held |= {("service account", name) for name in environment.service_accounts}
    held |= {("role", name) for name in environment.roles}
    held |= {("project", name) for name in environment.projects}
    held |= {("bucket", name) for name in environment.buckets}
    for row in seen:
        if row["environment"] == environment.name:
            columns = {"key": "key_id", "service account": "service_account", "project": "project"}
            held |= {(kind, row[column]) for kind, column in columns.items() if row[column]}
    return held


def privilege_is_least(case: Case) -> Finding:
    """G3-05: invoker policies name their actions and resources, invoke only, behind a guardrail."""
    policies = read_policies(case)
    need(policies, "no IAM policy in terraform/ (*.tf, *.json)")
    faults = [fault for policy in policies for fault in privilege_faults(policy)]
    return judged(
        not faults, "; ".join(faults[:4]) or f"{len(policies)} invoker policies hold", faults=faults
    )


def escalation_works(case: Case) -> Finding:
    """G3-10: rate in control, picked up in time, reviewers agree, and people do override."""
    rows = case.table("escalations")
    limit = case.stated("slos.pickup_p90_minutes")
    decided = [row for row in rows if row["human_decision"]]
    twice = [row for row in decided if row["second_decision"]]
    need(len(decided) >= REVIEWED_FLOOR, f"{len(decided)} human decisions, needs {REVIEWED_FLOOR}")
    need(len(twice) >= 30, f"{len(twice)} decisions reviewed twice, needs 30")
    weeks = case.rows(ESCALATED_SQL, days=91)
    need(len(weeks) >= 4, "fewer than four weeks of outcomes for the control limits")
    waits = [_minutes(row) for row in rows]
    p90 = float(np.quantile(waits, 0.9, method="inverted_cdf"))
    overrides = sum(row["human_decision"] != row["model_decision"] for row in decided) / len(
        decided
    )
    kappa = cohen_kappa([r["human_decision"] for r in twice], [r["second_decision"] for r in twice])
    need(kappa is not None, "reviewers gave one answer only: agreement cannot be told from chance")
    breaches = p_chart_breaches([w["escalated"] for w in weeks], [w["units"] for w in weeks])
    faults = [
        text for wrong, text in (
            (breaches, f"escalation rate outside control limits in {len(breaches)} weeks"),
            (p90 > limit, f"p90 pick-up {p90:.1f} min, promised {limit:g}"),
            ((kappa or 0) < KAPPA_FLOOR, f"kappa {kappa or 0:.2f}, needs {KAPPA_FLOOR}"),
            (overrides == 0, f"nobody overrode the model in {len(decided)} decisions"),
        ) if wrong
    ]  # fmt: skip
    return judged(
        not faults, "; ".join(faults) or f"p90 pick-up {p90:.1f} min, kappa {kappa:.2f}, {overrides:.0%} overridden",
        p90_minutes=p90, kappa=kappa, override_share=overrides,
    )  # fmt: skip


def _minutes(row: dict[str, Any]) -> float:
    picked = row["picked_up_at"]
    return (picked - row["escalated_at"]).total_seconds() / 60 if picked else float("inf")


def alerts_catch_incidents(case: Case) -> Finding:
    """G3-11: over 90 days alerts caught 80 % of incidents and half of the alerts were true."""
    recent = datetime.combine(case.as_of - timedelta(days=BACKTEST_DAYS), time.min)
    incidents = [row for row in case.table("incidents") if row["started_at"] >= recent]
    alerts = [row for row in case.table("alerts") if row["raised_at"] >= recent]
    need(incidents, f"no labelled incident in the last {BACKTEST_DAYS} days")
    need(alerts, f"no alert in the last {BACKTEST_DAYS} days")
    score = score_alerts(
        [_minute(row["raised_at"]) for row in alerts],
        [(_minute(row["started_at"]), _minute(row["ended_at"])) for row in incidents],
    )
    recall, precision = score.recall or 0.0, score.precision or 0.0
    return judged(
        recall >= 0.8 and precision >= 0.5,
        f"recall {recall:.0%} of {len(incidents)} incidents, precision {precision:.0%} of {len(alerts)} alerts",
        recall=recall, precision=precision, lead_minutes=score.median_lead_minutes,
    )  # fmt: skip


def _minute(at: datetime) -> float:
    return at.replace(tzinfo=UTC).timestamp() / 60


CHECKS = {
    "G3-01": rollout_radius_holds, "G3-02": rollout_is_staged, "G3-03": kill_switch_works,
    "G3-04": environments_are_isolated, "G3-05": privilege_is_least,
    "G3-10": escalation_works, "G3-11": alerts_catch_incidents,
}  # fmt: skip
