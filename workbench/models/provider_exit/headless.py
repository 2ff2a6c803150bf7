"""The whole exit of one provider as plain data, for commands and pages."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from workbench.errors import InputError
from workbench.models.plain import made, names, part, parts
from workbench.models.provider_exit.cash import ExitCash, irr, npv_usd, payback_years
from workbench.models.provider_exit.exit_cost import (
    PLANNED,
    Commitment,
    Component,
    Effort,
    Inventory,
    Variant,
    effort_names,
    exit_cost_usd,
    forced_migration_usd,
    stressed,
    total_usd,
)
from workbench.models.provider_exit.schedule import (
    Schedule,
    ScheduleRisk,
    Task,
    plan_schedule,
    schedule_risk,
)
from workbench.models.provider_exit.uncertainty import (
    Fan,
    Floats,
    ThreePoint,
    even_draws,
    fan,
    fans,
)

LOG2_DRAWS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitResult:
    """Cost and time of one variant, draw by draw and summarized."""

    variant: Variant
    components_usd: Mapping[Component, Fan]
    total_usd_draws: Floats
    sunk_usd_draws: Floats
    """Stranded commitments: a write-off, no cash flow of the decision."""
    schedule: Schedule
    risk: ScheduleRisk
    forced_usd: Fan
    """What a forced move to the same provider's successor costs."""


def run_exit(
    inventory: Inventory,
    effort: Effort,
    variant: Variant,
    tasks: Sequence[Task],
    *,
    tolerance_days: float | None = None,
    seed: int = 1,
) -> ExitResult:
    """Return cost and time of one variant; all variants of one seed share their draws."""
    names = [*effort_names(), *(f"task {task.name}" for task in tasks)]
    draws = even_draws(names, log2_draws=LOG2_DRAWS, seed=seed)
    components = exit_cost_usd(inventory, effort, variant, draws)
    task_draws = {task.name: draws[f"task {task.name}"] for task in tasks}
    return ExitResult(
        variant=variant,
        components_usd=fans(components),  # type: ignore[arg-type]  # same keys as given
        total_usd_draws=total_usd(components),
        sunk_usd_draws=components["stranded_commitments"],
        forced_usd=fan(forced_migration_usd(components)),
        schedule=plan_schedule(tasks),
        risk=schedule_risk(tasks, task_draws, tolerance_days=tolerance_days),
    )


def exit_report(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Price an exit from plain data.

    Parameters
    ----------
    inputs
        `inventory` and `effort` with the fields of `Inventory` and `Effort` (an estimate is one
        number, or low, likely, high), `tasks` (name, days, after), and optionally
        `stressed` (hours_factor, data_returned_share), `tolerance_days`, `seed`, and `cash`
        (stay_usd_by_year, exit_usd_by_year, discount_rate).

    Returns
    -------
    dict
        By variant: cost by component, total, schedule, critical path; and with `cash` the
        present value against staying. What is prepaid and lost is shown apart.
    """
    inventory = _inventory(part(inputs, "inventory"))
    given = part(inputs, "effort")
    effort = made(Effort, {name: _estimate(value, name) for name, value in given.items()})
    tasks = [_task(entry) for entry in parts(inputs, "tasks")]
    variants = [PLANNED]
    if "stressed" in inputs:
        variants.append(stressed(**part(inputs, "stressed")))
    report: dict[str, Any] = {}
    for variant in variants:
        result = run_exit(
            inventory, effort, variant, tasks,
            tolerance_days=inputs.get("tolerance_days"), seed=int(inputs.get("seed", 1)),
        )  # fmt: skip
        report[variant.name] = _described(result)
        if "cash" in inputs and variant is PLANNED:
            report["cash"] = _cash(part(inputs, "cash"), result)
    return report


def _described(result: ExitResult) -> dict[str, Any]:
    return {
        "components_usd": {name: asdict(one) for name, one in result.components_usd.items()},
        "total_usd": asdict(fan(result.total_usd_draws)),
        "finish_days": asdict(result.risk.finish_days),
        "p_within_tolerance": result.risk.p_within_tolerance,
        "critical_path": list(result.schedule.critical_path),
        "tasks": [asdict(task) for task in result.schedule.tasks],
        "criticality": dict(result.risk.criticality),
    }


def _cash(given: Mapping[str, Any], result: ExitResult) -> dict[str, Any]:
    rate = float(given["discount_rate"])
    one_off = result.total_usd_draws - result.sunk_usd_draws
    cash = ExitCash(
        stay_usd_by_year=tuple(given["stay_usd_by_year"]),
        exit_usd_by_year=tuple(given["exit_usd_by_year"]),
        one_off_usd=float(np.median(one_off)),
        sunk_write_off_usd=float(np.median(result.sunk_usd_draws)),
    )
    flows = cash.flows_usd
    later = npv_usd((0.0, *flows[1:]), discount_rate=rate)
    return {
        "flows_usd": list(flows),
        "npv_usd": asdict(fan(later - one_off)),
        "p_npv_positive": float(np.mean(later - one_off > 0)),
        "irr": irr(flows),
        "payback_years": payback_years(flows),
        "sunk_write_off_usd": cash.sunk_write_off_usd,
    }


def _inventory(given: Mapping[str, Any]) -> Inventory:
    commitments = tuple(made(Commitment, one) for one in given.get("commitments", ()))
    return made(Inventory, {**given, "commitments": commitments})


def _estimate(value: object, name: str) -> ThreePoint:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return ThreePoint.exactly(float(value))
    if isinstance(value, Sequence) and len(value) == 3 and not isinstance(value, str):
        return ThreePoint(low=value[0], likely=value[1], high=value[2])
    raise InputError(f"{name}: {value!r} is no estimate; write a number, or low, likely, high.")


def _task(entry: Mapping[str, Any]) -> Task:
    days = _estimate(entry.get("days"), f"days of task {entry.get('name')!r}")
    return made(Task, {**entry, "days": days, "after": names(entry, "after")})
