"""How does the budget become the actual, and the actual the outlook: bars that join up."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from workbench.models.variance.pvm import PriceVolumeMix

LEG_WORDS = {
    "volume": "Volume",
    "mix": "Mix",
    "price": "Price",
    "new": "New",
    "discontinued": "Discontinued",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar: a total stands on zero, a step hangs between two running totals."""

    label: str
    kind: Literal["total", "step"]
    scenario: Literal["AC", "PL", "FC", "PY", "VAR"]
    """IBCS code: actual, plan, forecast, previous year; VAR is a variance."""
    start_usd: float
    end_usd: float
    rows: tuple[str, ...] = ()
    """Names of the lines the bar rests on, so that a page can open them."""
    key: str = ""
    """What opens it; empty where nothing does."""

    @property
    def value_usd(self) -> float:
        """Height of the bar; for a step, positive is adverse."""
        return self.end_usd - self.start_usd


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A named change to put on the bridge."""

    label: str
    value_usd: float
    rows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bridge:
    """Bars from budget to actual to outlook."""

    bars: tuple[Bar, ...]
    unexplained_usd: float
    """Actual less budget less all steps: shown as a bar of its own unless it is only float noise."""


def variance_steps(split: PriceVolumeMix) -> list[Step]:
    """Return the legs of a price-volume-mix as steps, each with the lines behind it."""
    return [
        Step(
            label=word,
            value_usd=split.leg(leg),
            rows=tuple(line.name for line in split.lines if getattr(line, leg) != 0),
        )
        for leg, word in LEG_WORDS.items()
    ]


def shortened(bridge: Bridge, most: int) -> Bridge:
    """Keep the `most` - 1 largest steps up to the actual in their order; add the others up as one."""
    steps = [at for at, bar in enumerate(bridge.bars) if bar.scenario == "VAR"]
    if len(steps) <= most:
        return bridge
    kept = sorted(steps, key=lambda at: -abs(bridge.bars[at].value_usd))[: most - 1]
    rest = [bridge.bars[at] for at in steps if at not in kept]
    other = Step(
        label="Other", value_usd=math.fsum(bar.value_usd for bar in rest),
        rows=tuple(row for bar in rest for row in bar.rows),
    )  # fmt: skip
    running = bridge.bars[0].end_usd
    bars = [bridge.bars[0]]
    for at in sorted(kept):
        moved = bridge.bars[at].value_usd
        bars.append(replace(bridge.bars[at], start_usd=running, end_usd=running + moved))
        running += moved
    bars.append(replace(_step(other, running), key="plan/other"))
    return replace(bridge, bars=(*bars, *bridge.bars[steps[-1] + 1 :]))


def budget_bridge(
    *,
    budget_usd: float,
    actual_usd: float,
    steps: Sequence[Step],
    rest_of_year_usd: float | None = None,
    budget_year_usd: float | None = None,
    tolerance_usd: float = 0.005,
) -> Bridge:
    """Join budget and actual by steps; then add the forecast rest of the year up to the outlook.

    Parameters
    ----------
    budget_usd, actual_usd
        Both for the same period so far.
    steps
        In the order to draw; one-offs and FX are steps like any other.
    rest_of_year_usd
        Forecast of the months to come; with it the bridge ends in the outlook.
    budget_year_usd
        The whole year's budget, drawn after the outlook to compare with.
    tolerance_usd
        A rest below this is float noise; a larger one is a bar named "Unexplained".
    """
    bars = [_total("Budget to date", "PL", budget_usd, key="plan/budget")]
    running = budget_usd
    for step in steps:
        bars.append(_step(step, running))
        running += step.value_usd
    unexplained = actual_usd - math.fsum([budget_usd, *(step.value_usd for step in steps)])
    if abs(unexplained) >= tolerance_usd:
        rest = Step(label="Unexplained", value_usd=unexplained)
        bars.append(replace(_step(rest, running), key="plan/unexplained"))
    bars.append(_total("Actual to date", "AC", actual_usd, key="plan/actual"))
    if rest_of_year_usd is not None:
        outlook = actual_usd + rest_of_year_usd
        bars.append(
            Bar(
                label="Forecast rest of year",
                kind="step",
                scenario="FC",
                start_usd=actual_usd,
                end_usd=outlook,
                key="plan/rest",
            )
        )
        bars.append(_total("Outlook", "FC", outlook, key="plan/outlook"))
        if budget_year_usd is not None:
            bars.append(_total("Budget year", "PL", budget_year_usd, key="plan/year"))
    return Bridge(bars=tuple(bars), unexplained_usd=unexplained)


def _total(label: str, scenario: Literal["AC", "PL", "FC"], value_usd: float, *, key: str) -> Bar:
    return Bar(
        label=label, kind="total", scenario=scenario, start_usd=0.0, end_usd=value_usd, key=key
    )


def _step(step: Step, running_usd: float) -> Bar:
    return Bar(
        label=step.label,
        kind="step",
        scenario="VAR",
        start_usd=running_usd,
        end_usd=running_usd + step.value_usd,
        rows=step.rows,
        key=f"plan/step/{step.label}" if step.rows else "",
    )
