"""What the provider exit page reads: published replays and inventory as the model's inputs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np

from workbench.errors import StoreError, WorkbenchError
from workbench.figures.provider_exit import Option
from workbench.models.provider_exit.cash import ExitCash, npv_usd, payback_years
from workbench.models.provider_exit.exit_cost import PLANNED, Effort, Inventory, stressed
from workbench.models.provider_exit.headless import ExitResult, run_exit
from workbench.models.provider_exit.lifecycle import (
    Exposure,
    exposures,
    forced_migrations,
    life_from_row,
    life_quantiles,
)
from workbench.models.provider_exit.outage import concentration, concentration_by_cloud
from workbench.models.provider_exit.replay import ReplayCost
from workbench.models.provider_exit.schedule import Task
from workbench.models.provider_exit.uncertainty import Fan, ThreePoint, fan
from workbench.reference import read_table

HOURS_A_DAY = 8
CALENDAR_PER_WORKING_DAY = 7 / 5
YEARS = 3
HORIZON_DAYS = 365
HOURS_FACTOR_UNDER_STRESS = 1.5
"""Assumed: hours under pressure per planned hour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Everything the page needs of one provider."""

    provider: str
    as_of: date
    window_days: int
    spend: Mapping[str, float]
    """US dollars of the window by provider."""
    clouds: Mapping[str, str]
    models: Mapping[tuple[str, str], float]
    inventory: Mapping[str, Any]
    current_usd: float
    """The window's text traffic at today's prices where it is served."""
    replayed: int
    options: tuple[Mapping[str, Any], ...]
    not_priced: tuple[str, ...]
    plans: tuple[Mapping[str, Any], ...]
    drills: tuple[Mapping[str, Any], ...]
    notices: tuple[str, ...]


def published(snapshot: Any) -> dict[str, Any]:  # noqa: ANN401 - a Snapshot or a test's
    """Return the published answer.

    Raises
    ------
    WorkbenchError
        If nothing was published, or the answer was refused.
    """
    found = snapshot.document("provider_exit")
    if found is None:
        raise StoreError("Provider exit was not published.")
    if "refused" in found:
        raise WorkbenchError(f"Provider exit cannot be answered: {found['refused']}")
    return found


def read(snapshot: Any, values: Mapping[str, Any]) -> Reading:  # noqa: ANN401
    """Read what there is about leaving one provider."""
    found = published(snapshot)
    name = values["provider"]
    one = found["providers"][name]
    spend: dict[str, float] = {}
    for row in found["spend"]:
        spend[row["provider"]] = spend.get(row["provider"], 0.0) + row["usd"]
    current = one["current"]
    return Reading(
        provider=name, as_of=date.fromisoformat(found["as_of"]), window_days=found["window_days"],
        spend=spend, clouds=found["clouds"],
        models={(row["provider"], row["model"]): row["usd"] for row in found["spend"]},
        inventory=one["inventory"],
        current_usd=float(current["cost_usd"]) if current else 0.0,
        replayed=current["requests"] if current else 0,
        options=tuple(one["options"]), not_priced=tuple(one["not_priced"]),
        plans=tuple(one["plans"]), drills=tuple(found["drills"]),
        notices=tuple(_notices(one)),
    )  # fmt: skip


def _notices(one: Mapping[str, Any]) -> list[str]:
    held, found = one["inventory"], []
    left = held["requests"] - (one["current"]["requests"] if one["current"] else 0)
    if left:
        found.append(f"{left:,} requests in other media than text are not replayed.")
    if not held["prompts"]:
        found.append("No log names a prompt: one prompt a feature is counted.")
    found.append(
        "No evaluation at a target is on file, so the cost per accepted task is not known; "
        "token counts are as logged, no target's tokenizer was measured."
    )
    if one["not_priced"]:
        found.append(f"The price book has no price for {', '.join(one['not_priced'])}.")
    if not any(plan["notice_days"] for plan in one["plans"]):
        found.append("No dossier states a notice period; commitments are not on file either.")
    return found


def options_of(reading: Reading) -> list[Option]:
    """Return the targets; their windows and features are not known, which is no yes."""
    return [
        Option(
            target=one["target"],
            replay=ReplayCost(
                requests=one["requests"], unpriced_requests=one["unpriced_requests"],
                partial_requests=one["partial_requests"], pico_usd=int(one["cost_pico_usd"] or 0),
            ),
            accepted_task=None, gaps=(("capabilities", "unknown"),), ratio_basis="assumed",
        )
        for one in reading.options
    ]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """One setting of the inputs: what leaving costs and takes."""

    result: ExitResult
    total: Fan
    target_usd: float | None
    npv_usd: float
    payback_years: float | None
    exposed: tuple[Exposure, ...]
    forced: int
    by_provider: float | None
    by_cloud: float | None
    without_cloud: tuple[str, ...]
    tolerance_days: float | None
    reserve_usd: float | None


def leaving(reading: Reading, values: Mapping[str, Any]) -> Leaving:
    """Cost and schedule the exit for one target and one set of what-ifs."""
    inventory = _inventory(reading, values)
    effort = _effort()
    variant = PLANNED if values["variant"] == "planned" else stressed(
        hours_factor=HOURS_FACTOR_UNDER_STRESS, data_returned_share=1.0
    )  # fmt: skip
    tolerances = [one["tolerance_hours"] for one in reading.plans if one["tolerance_hours"]]
    # A planned exit leaves the service running: the tolerance for its absence is another matter.
    tolerance = min(tolerances) / 24 if tolerances and variant is not PLANNED else None
    result = run_exit(
        inventory, effort, variant, _tasks(inventory, effort, values, planned=variant is PLANNED),
        tolerance_days=tolerance,
    )  # fmt: skip
    total = fan(result.total_usd_draws)
    target = next((one for one in reading.options if one["target"] == values["target"]), None)
    target_usd = float(target["cost_usd"]) if target else None
    per_year = 365 / reading.window_days
    stay = reading.current_usd * per_year
    leave = stay if target_usd is None else target_usd * per_year
    cash = ExitCash(
        stay_usd_by_year=(stay,) * YEARS, exit_usd_by_year=(leave,) * YEARS, one_off_usd=total.p50
    )
    exposed, forced = _lives(reading, result.risk.finish_days.p50)
    by_cloud, unknown = concentration_by_cloud(reading.spend, reading.clouds)
    reserves = [one["reserve_usd"] for one in reading.plans if one["reserve_usd"]]
    return Leaving(
        result=result, total=total, target_usd=target_usd,
        npv_usd=npv_usd(cash.flows_usd, discount_rate=values["discount"]),
        payback_years=payback_years(cash.flows_usd),
        exposed=exposed, forced=forced, by_provider=concentration(reading.spend),
        by_cloud=by_cloud, without_cloud=unknown, tolerance_days=tolerance,
        reserve_usd=sum(reserves) if reserves else None,
    )  # fmt: skip


def _inventory(reading: Reading, values: Mapping[str, Any]) -> Inventory:
    notice = [one["notice_days"] for one in reading.plans if one["notice_days"]]
    held = reading.inventory
    return Inventory(
        prompts=int(held["prompts"] or held["features"] or 1),
        evaluation_cases=int(values["cases"]),
        source_usd_per_day=reading.current_usd / reading.window_days,
        notice_days=float(max(notice, default=0)),
    )


def _effort() -> Effort:
    rows = {row["effort"]: row for row in read_table("exit_efforts")}

    def point(name: str) -> ThreePoint:
        row = rows[name]
        if not row["likely"]:
            return ThreePoint.exactly(0.0)  # not known, and nothing of it in the inventory
        return ThreePoint(
            low=float(row["low"]), likely=float(row["likely"]), high=float(row["high"])
        )

    return Effort(**{name: point(name) for name in Effort.__dataclass_fields__})


def _tasks(
    inventory: Inventory, effort: Effort, values: Mapping[str, Any], *, planned: bool
) -> list[Task]:
    """Return the steps: hours become calendar days at eight hours a working day and person."""
    people = max(1.0, values["people"])

    def days(hours: ThreePoint, count: float = 1.0) -> ThreePoint:
        each = count / HOURS_A_DAY * CALENDAR_PER_WORKING_DAY / people
        return ThreePoint(low=hours.low * each, likely=hours.likely * each, high=hours.high * each)

    tasks = [
        Task(name="project, contract, legal", days=days(effort.project_hours)),
        Task(name="adapt prompts", days=days(effort.hours_per_prompt, inventory.prompts)),
        Task(
            name="label and evaluate",
            days=days(effort.label_minutes_per_case, inventory.evaluation_cases / 60),
            after=("adapt prompts",),
        ),
        Task(
            name="re-validate", days=days(effort.revalidation_hours), after=("label and evaluate",)
        ),
    ]
    before = ("project, contract, legal", "re-validate")
    if planned:
        tasks.append(Task(name="run both", days=effort.dual_run_days, after=before))
        before = ("run both",)
        if inventory.notice_days:
            notice = ThreePoint.exactly(inventory.notice_days)
            tasks.append(Task(name="notice", days=notice, after=("project, contract, legal",)))
    tasks.append(Task(name="cut over, warm caches", days=effort.cache_warm_up_days, after=before))
    return tasks


def _lives(reading: Reading, migration_days: float) -> tuple[tuple[Exposure, ...], int]:
    """Return the provider's models against their ends, and the moves forced in three years."""
    lives = [life_from_row(row) for row in read_table("model_lifecycle")]
    own = {key: usd for key, usd in reading.models.items() if key[0] == reading.provider}
    found = exposures(
        own, lives, as_of=reading.as_of,
        until=reading.as_of + timedelta(days=HORIZON_DAYS), migration_days=migration_days,
    )  # fmt: skip
    typical = life_quantiles(lives, reading.provider)
    if typical is None or not found:
        return tuple(found), sum(one.verdict == "retires inside the horizon" for one in found)
    largest = max(found, key=lambda one: one.usd_per_month)
    left = None if largest.days_left is None else float(largest.days_left)
    return tuple(found), forced_migrations(
        horizon_days=YEARS * 365, days_left=left, life_days=typical[1]
    )


def draws_of(result: ExitResult) -> Sequence[float]:
    """Return the total, draw by draw, thinned to what a curve shows."""
    return np.sort(result.total_usd_draws)[:: max(1, len(result.total_usd_draws) // 512)].tolist()
