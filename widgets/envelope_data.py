"""From the published register to an envelope that sliders can move."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from workbench.errors import InputError
from workbench.figures.theme import month_name
from workbench.models.envelope.leaves import Measured
from workbench.models.envelope.paths import Draws, draw
from workbench.models.envelope.redraw import EnvelopeState
from workbench.models.envelope.risk import Spread
from workbench.models.envelope.sensitivity import StressResult
from workbench.models.envelope.tree import CostTree
from workbench.models.scoring import EnvelopeScore
from workbench.playbook.assumptions.register import Register
from workbench.playbook.assumptions.scenarios import parse_register

BASE = "base"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What one scenario comes to."""

    name: str
    total: Spread
    p_breach: float
    first_likely_breach: str | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reading:
    """One register under one scenario, drawn once; sliders move it."""

    register: Register
    scenario: str
    tree: CostTree
    draws: Draws
    state: EnvelopeState
    history: Mapping[str, float]
    """Cost of whole months that were, USD, the register's fixed costs included."""
    budget_usd: tuple[float, ...]
    drivers: Mapping[str, Mapping[str, Any]]
    stresses: tuple[StressResult, ...]
    score: EnvelopeScore | None
    expired: tuple[str, ...]
    retirements: tuple[str, ...]
    correlations: Mapping[str, float]
    compared: tuple["Compared", ...]
    """The base and its scenarios, as published."""
    as_of: str
    missing_days: tuple[str, ...] = ()
    """Days without logs, estimated with their error, in words; in no figure of the page."""
    measured: Mapping[str, Any] = field(default_factory=dict)


def published(snapshot: Any) -> dict[str, Any]:  # noqa: ANN401 - a Snapshot or a test's
    """Return what the workspace published for this page.

    Raises
    ------
    InputError
        If there is no register, or it could not be drawn; the text says what to do.
    """
    content = snapshot.document("envelope")
    if content is None:
        raise InputError(
            "This workspace has no register of assumptions. Begin one with "
            "`workbench assumptions start`, then run `workbench publish`."
        )
    if "refused" in content:
        raise InputError(str(content["refused"]))
    return content


def read(snapshot: Any, values: Mapping[str, Any]) -> Reading:  # noqa: ANN401 - as above
    """Return the chosen register with its paths drawn."""
    content = published(snapshot)
    name = str(values["register"])
    one = content["registers"][name]
    scenario = str(values["scenario"])
    chosen = one["scenarios"].get(scenario)
    register = parse_register((chosen or one)["register"], name=name)
    measured = {key: Measured(**_tuples(leaf)) for key, leaf in one["measured"].items()}
    tree = register.cost_tree(measured, one.get("correlations"))
    draws = draw(tree, seed=register.seed)
    fixed = sum(cost.usd_by_month[0] for cost in tree.fixed)
    return Reading(
        register=register,
        scenario=scenario if chosen else BASE,
        tree=tree,
        draws=draws,
        state=EnvelopeState(tree, draws),
        history={month: usd + fixed for month, usd in content["history"].items()},
        budget_usd=register.budget_by_month,
        drivers=one["report"]["drivers"],
        stresses=tuple(_stress(row) for row in one["report"]["stress"]),
        score=None if one["score"] is None else EnvelopeScore(**one["score"]),
        expired=tuple(one["expired"]),
        retirements=tuple(one.get("retirements", ())),
        correlations=one.get("correlations", {}),
        compared=_compared(one),
        as_of=content["as_of"],
        missing_days=tuple(
            f"{month_name(one['month'])}: {one['said']}" for one in content.get("missing_days", ())
        ),
    )


def _compared(one: Mapping[str, Any]) -> tuple[Compared, ...]:
    there = {"Base": one["report"]} | {
        name: scenario["report"]
        for name, scenario in one["scenarios"].items()
        if "report" in scenario
    }
    return tuple(
        Compared(
            name=name.capitalize(), total=Spread(**report["total"]),
            p_breach=report["risk"]["p_breach"],
            first_likely_breach=report["risk"]["first_likely_breach"],
        )
        for name, report in there.items()
    )  # fmt: skip


def _tuples(leaf: Mapping[str, Any]) -> dict[str, Any]:
    return {**leaf, "means": tuple(leaf["means"])}


def _stress(row: Mapping[str, Any]) -> StressResult:
    return StressResult(**{**row, "total": Spread(**row["total"])})
