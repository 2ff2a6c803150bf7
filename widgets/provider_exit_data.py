"""What the provider exit page reads: published replays and inventory as the model's inputs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from workbench.errors import StoreError, WorkbenchError
from workbench.figures.provider_exit import Option, Verdict
from workbench.models.provider_exit.cash import ExitCash, irr, npv_usd, payback_years
from workbench.models.provider_exit.exit_cost import Inventory
from workbench.models.provider_exit.headless import ExitResult, run_exit
from workbench.models.provider_exit.leaving import (
    effort_of,
    exit_tasks,
    inventory_of,
    left_out,
    variant_of,
)
from workbench.models.provider_exit.outage import concentration, concentration_by_cloud
from workbench.models.provider_exit.quality import AcceptedTaskCost
from workbench.models.provider_exit.uncertainty import Fan, fan
from workbench.reference import read_table

YEARS = 3
MOST = 0.5
"""Share of requests above which a target's tokens count as measured."""
DAYS_A_YEAR = 365
Measured = dict[str, tuple[float | None, str]]


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
    failover: Mapping[str, Any]
    efforts: Mapping[str, Any]
    incidents: Mapping[str, Any] | None
    loss_usd_per_hour: float
    triggers: tuple[Mapping[str, Any], ...]
    scheduled: tuple[Mapping[str, Any], ...]
    notices: tuple[str, ...]
    measured: Measured = field(default_factory=dict)
    """What the sliders start from, and where it comes from."""

    @property
    def tolerance_hours(self) -> float | None:
        """The strictest impact tolerance of the features that use the provider."""
        stated = [one["tolerance_hours"] for one in self.plans if one["tolerance_hours"]]
        return min(stated, default=None)


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
    if "failover" not in found:
        raise StoreError(
            "Provider exit was published by an older version. Run `workbench publish`."
        )
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
        plans=tuple(one["plans"]), drills=tuple(found["drills"]), failover=found["failover"],
        efforts=found["efforts"], incidents=one["incidents"],
        loss_usd_per_hour=one["loss"]["usd_per_hour"], triggers=tuple(one["triggers"]),
        scheduled=tuple(one["scheduled"]), notices=tuple(_notices(one)),
        measured=_measured(one, found["failover"]),
    )  # fmt: skip


def _measured(one: Mapping[str, Any], failover: Mapping[str, Any]) -> Measured:
    """Return what sliders start from: counted cases, and the failover as drilled or stated."""
    cases = one["inventory"]["evaluation_cases"]
    found: Measured = {}
    if cases:
        found["cases"] = (float(min(cases, 5_000)), "cases of the evaluations on file")
    runs = [o["accepted"]["usd_per_run"] for o in one["options"] if o["accepted"]]
    if known := [usd for usd in runs if usd is not None]:
        found["standby"] = (
            min(2_000.0, max(known)),
            "one evaluation run a month, nothing reserved",
        )
    if failover["hours"] is not None:
        found["failover"] = (min(24.0, failover["hours"]), "measured in the newest drill")
    if failover["held"]:
        found["success"] = (failover["moved"] / failover["held"], "drills that moved the traffic")
    return found


def _notices(one: Mapping[str, Any]) -> list[str]:
    held, found = one["inventory"], []
    left = held["requests"] - (one["current"]["requests"] if one["current"] else 0)
    if left:
        found.append(f"{left:,} requests in other media than text are not replayed.")
    if one["options"] and not any(option["accepted"] for option in one["options"]):
        found.append(
            "No evaluation at a target is on file: name result files under `evaluations` in a dossier."
        )
    if one["not_priced"]:
        found.append(f"The price book has no price for {', '.join(one['not_priced'])}.")
    if not any(plan["notice_days"] for plan in one["plans"]):
        found.append("No dossier states a notice period.")
    return found


def options_of(reading: Reading) -> list[Option]:
    """Return the targets with what is known of each."""
    evaluated = [one["accepted"] for one in reading.options if one["accepted"]]
    names = [one["feature"] for one in evaluated]
    main = max(set(names), key=lambda name: (names.count(name), name), default="")
    return [_option(one, main) for one in reading.options]


def main_feature(reading: Reading) -> Mapping[str, Any] | None:
    """Return the evaluation most targets share, whose task the table counts in."""
    evaluated = [one["accepted"] for one in reading.options if one["accepted"]]
    names = [one["feature"] for one in evaluated]
    main = max(set(names), key=lambda name: (names.count(name), name), default=None)
    return next((one for one in evaluated if one["feature"] == main), None)


def _option(one: Mapping[str, Any], main: str) -> Option:
    accepted = one["accepted"]
    task = change = None
    if accepted:
        task = AcceptedTaskCost(**accepted["there"])
        here = accepted["here"]
        change = task.p50_usd / here["p50_usd"] - 1 if here else None
    return Option(
        target=one["target"], cost_usd=cost_of(one), requests=one["requests"],
        not_served=one["converted_unpriced_requests"] + one["partial_requests"],
        accepted_task=task, task_change=change,
        task_note=accepted["feature"] if accepted and accepted["feature"] != main else "",
        gaps=tuple((name, word) for name, word in one["gaps"]), ratio_basis=_basis(one["tokens"]),
    )  # fmt: skip


def cost_of(option: Mapping[str, Any]) -> float:
    """Return the window's cost at a target, in its own tokens where they were measured."""
    return float(option["converted_cost_usd"])


def _basis(tokens: Mapping[str, Any]) -> str:
    if tokens["basis"] == "measured":
        most = tokens["share"] > MOST
        return (
            f"× {tokens['ratio']:.2f} measured"
            if most
            else f"measured for {tokens['share']:.0%}".replace("%", "\u00a0%")
        )
    if tokens["basis"] == "single-sample":
        return f"as logged; × {tokens['low']:.2f}–{tokens['high']:.2f} single-sample"
    return "as logged" if tokens["basis"] == "not public" else tokens["basis"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """One setting of the inputs: what leaving costs and takes."""

    result: ExitResult
    inventory: Inventory
    verdict: Verdict
    total: Fan
    by_provider: float | None
    by_cloud: float | None
    without_cloud: tuple[str, ...]
    reserve_usd: float | None
    not_costed: tuple[str, ...]


def leaving(reading: Reading, values: Mapping[str, Any]) -> Leaving:
    """Cost and schedule the exit for one target and one set of what-ifs."""
    target = next((one for one in reading.options if one["target"] == values["target"]), None)
    inventory = _inventory(reading, values, target)
    effort, unknown = effort_of(read_table("exit_efforts"), reading.efforts)
    is_planned = values["variant"] == "planned"
    tasks = exit_tasks(inventory, effort, people=values["people"], planned=is_planned)
    result = run_exit(inventory, effort, variant_of(values["variant"]), tasks)
    total = fan(result.total_usd_draws)
    by_cloud, without = concentration_by_cloud(reading.spend, reading.clouds)
    reserves = [one["reserve_usd"] for one in reading.plans if one["reserve_usd"]]
    return Leaving(
        result=result, inventory=inventory, total=total,
        verdict=_verdict(reading, values, target, result=result, total=total),
        by_provider=concentration(reading.spend), by_cloud=by_cloud, without_cloud=without,
        reserve_usd=sum(reserves) if reserves else None,
        not_costed=left_out(inventory, unknown),
    )  # fmt: skip


def _verdict(
    reading: Reading, values: Mapping[str, Any], target: Mapping[str, Any] | None, *,
    result: ExitResult, total: Fan,
) -> Verdict:  # fmt: skip
    per_year = DAYS_A_YEAR / reading.window_days
    stay = reading.current_usd * per_year
    leave = stay if target is None else _comparable(reading, target) * per_year
    # What is prepaid is lost either way once leaving is decided: shown in the cost, no cash flow.
    sunk = fan(result.sunk_usd_draws).p50
    cash = ExitCash(
        stay_usd_by_year=(stay,) * YEARS, exit_usd_by_year=(leave,) * YEARS,
        one_off_usd=total.p50 - sunk, sunk_write_off_usd=sunk,
    )  # fmt: skip
    flows = cash.flows_usd
    return Verdict(
        leaving=reading.provider, target=target["target"] if target else "another provider",
        cost=total, risk=result.risk, is_planned=values["variant"] == "planned",
        saving_usd_per_year=stay - leave, npv_usd=npv_usd(flows, discount_rate=values["discount"]),
        irr=irr(flows), payback_years=payback_years(flows),
        restored_hours=reading.failover["hours"], tolerance_hours=reading.tolerance_hours,
    )  # fmt: skip


def _comparable(reading: Reading, target: Mapping[str, Any]) -> float:
    """Return the target's cost of the window's work, as many tasks accepted as now.

    The evaluated feature is compared by its accepted task, rework included; the other traffic by
    its price. Requests the target does not serve stay where they are, at today's mean cost.
    """
    kept = target["converted_unpriced_requests"] / max(1, target["requests"])
    cost = cost_of(target) + kept * reading.current_usd
    accepted = target["accepted"]
    if not accepted or not accepted["here"]:
        return cost
    tasks = accepted["tasks"] * accepted["here_accepted"] / accepted["here_cases"]
    change = tasks * (accepted["there"]["p50_usd"] - accepted["here"]["p50_usd"])
    other = cost - accepted["there_cost_usd"] - (reading.current_usd - accepted["here_cost_usd"])
    return reading.current_usd + change + other


def _inventory(
    reading: Reading, values: Mapping[str, Any], target: Mapping[str, Any] | None
) -> Inventory:
    notice = [one["notice_days"] for one in reading.plans if one["notice_days"]]
    accepted = target["accepted"] if target else None
    per_case = 0.0
    if accepted and accepted["usd_per_run"]:
        per_case = accepted["usd_per_run"] / accepted["cases"]
    elif target and target["requests"]:
        per_case = cost_of(target) / target["requests"]
    return inventory_of(
        reading.inventory, evaluation_cases=int(values["cases"]),
        source_usd_per_day=reading.current_usd / reading.window_days,
        notice_days=float(max(notice, default=0)),
        usd_per_evaluation_run=per_case * values["cases"],
    )  # fmt: skip
