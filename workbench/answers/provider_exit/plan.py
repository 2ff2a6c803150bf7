"""A feature's exit plan as a document: what is on file, with the model's estimates and the drills."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from workbench.answers import Source
from workbench.answers.provider_exit.holdings import WINDOW_DAYS, inventory_of
from workbench.answers.provider_exit.known import Known
from workbench.errors import InputError
from workbench.models.provider_exit.exit_cost import Effort, Inventory, effort_names
from workbench.models.provider_exit.headless import run_exit
from workbench.models.provider_exit.leaving import effort_of, exit_tasks, left_out, variant_of
from workbench.models.provider_exit.leaving import inventory_of as exit_inventory
from workbench.models.provider_exit.lifecycle import exposures, life_from_row
from workbench.models.provider_exit.uncertainty import fan
from workbench.playbook.dossier import Dossier
from workbench.playbook.drill import read_drills
from workbench.playbook.exit_evidence import own_efforts
from workbench.playbook.exit_plan import ExitEstimate, ExitPlan, exit_plan
from workbench.playbook.replay import traffic_sql
from workbench.reference import read_table

DRILLS = Path("evidence", "drills")
PEOPLE = 1.0
"""Who works on the exit, where nobody says otherwise; the page has a slider."""
HORIZON_DAYS = 365
_FEATURE_SPEND = """
SELECT provider, model, coalesce(CAST(sum(contract_pico) AS DOUBLE) / 1e12, 0) AS usd
FROM rollup_day WHERE feature = $feature AND day >= $since::DATE
GROUP BY ALL ORDER BY usd DESC, provider, model
"""


def plan_of(source: Source, feature: str) -> ExitPlan:
    """Return a feature's exit plan: the dossier, both estimates, lives of its models, drills.

    Raises
    ------
    InputError
        If no dossier is of that feature.
    """
    root = source.workspace.layout.root
    known = Known(source)
    dossiers = {one.feature: one for one in known.dossiers}
    if feature not in dossiers:
        raise InputError(f"No dossier of {feature!r}. There are: {', '.join(dossiers) or 'none'}.")
    since = source.as_of - timedelta(days=WINDOW_DAYS - 1)
    spend = source.rows(_FEATURE_SPEND, {"since": since.isoformat(), "feature": feature})
    estimates, notes = _estimates(known, dossiers[feature], spend)
    finish = max((one.risk.finish_days.p50 for one in estimates), default=0.0)
    exposed = exposures(
        {(row["provider"], row["model"]): row["usd"] for row in spend},
        [life_from_row(row) for row in read_table("model_lifecycle")],
        as_of=source.as_of, until=source.as_of + timedelta(days=HORIZON_DAYS),
        migration_days=finish,
    )  # fmt: skip
    return exit_plan(
        dossiers[feature], as_of=source.as_of, estimates=estimates, exposures=exposed,
        drills=read_drills(root / DRILLS), notes=notes,
    )  # fmt: skip


def _estimates(
    known: Known, dossier: Dossier, spend: list[dict[str, Any]]
) -> tuple[list[ExitEstimate], list[str]]:
    """Return cost and time of both variants for the provider the feature spends most at."""
    if not spend:
        return [], ["The feature has no usage in the last 30 days: nothing is estimated."]
    provider, root = spend[0]["provider"], known.source.workspace.layout.root
    usage = known.source.catalog.query(traffic_sql(_where(known.source, provider, dossier.feature)))
    held, _ = inventory_of(known, provider, usage, features=[dossier.feature])
    own = {name: one.model_dump() for name, one in own_efforts(root, effort_names()).items()}
    effort, unknown = effort_of(read_table("exit_efforts"), own)
    plan = dossier.exit
    inventory = exit_inventory(
        held, evaluation_cases=int(held["evaluation_cases"]),
        source_usd_per_day=sum(row["usd"] for row in spend) / WINDOW_DAYS,
        notice_days=float((plan and plan.notice_days) or 0),
    )  # fmt: skip
    hours = plan.impact_tolerance_hours if plan else None
    notes = [
        f"Leaving {provider}; {PEOPLE:.0f} person at work; {len(own)} of {len(effort_names())} efforts "
        "are the owner's own, the others the workbench's ranges, estimates to be replaced."
    ]
    if missing := left_out(inventory, unknown):
        notes.append(f"Counted as nothing, because nobody states it: {', '.join(missing)}.")
    return [_estimate(name, inventory, effort, hours) for name in ("stressed", "planned")], notes


def _estimate(
    name: str, inventory: Inventory, effort: Effort, tolerance_hours: float | None
) -> ExitEstimate:
    is_planned = name == "planned"
    # A planned exit leaves the service running: the tolerance for its absence is another matter.
    tolerance = None if is_planned or tolerance_hours is None else tolerance_hours / 24
    tasks = exit_tasks(inventory, effort, people=PEOPLE, planned=is_planned)
    result = run_exit(inventory, effort, variant_of(name), tasks, tolerance_days=tolerance)
    return ExitEstimate(
        variant=name, components_usd={str(k): v for k, v in result.components_usd.items()},
        total_usd=fan(result.total_usd_draws), schedule=result.schedule, risk=result.risk,
    )  # fmt: skip


def _where(source: Source, provider: str, feature: str) -> str:
    since = source.as_of - timedelta(days=WINDOW_DAYS - 1)
    until = source.as_of + timedelta(days=1)
    return (
        f"started_at >= DATE '{since}' AND started_at < DATE '{until}' "
        f"AND provider = {_quoted(provider)} AND feature = {_quoted(feature)}"
    )


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
