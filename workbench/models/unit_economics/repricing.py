"""What the unit would cost with other rates: escalation, cache hits, model mix, volume.

The period is kept as volumes by model and token class with their average effective prices, so
one step is a few array operations. At the measured rates the measured cost comes out again.
"""

from dataclasses import dataclass, replace

import numpy as np

from workbench.models.unit_economics.counted import PeriodCounts, UnitCosts, unit_costs
from workbench.models.unit_economics.volumes import FRESH, READ, TEXT_INPUT, PricedVolumes


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelShift:
    """Part of one model's requests goes to another, at that one's prices."""

    from_model: str
    to_model: str
    share: float
    """Of the first model's requests, 0 to 1."""
    tokens_ratio: float = 1.0
    """Tokens the second model counts for the same text, against the first (assumed)."""
    resolution_change: float = 0.0
    """Assumed change of the AI resolution rate on the moved requests: -0.02 is 2 points less."""

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise ValueError(f"share must be in [0, 1], got {self.share}")
        if not self.tokens_ratio > 0:
            raise ValueError(f"tokens_ratio must be above 0, got {self.tokens_ratio}")
        if not -1 <= self.resolution_change <= 1:
            raise ValueError(f"resolution_change must be in [-1, 1], got {self.resolution_change}")


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """What to change; None and 1.0 leave the measured value."""

    escalation_rate: float | None = None
    """Escalated / all cases; what is not escalated and did not fail is resolved by AI."""
    cache_hit_rate: float | None = None
    """Text input read from the cache / all text input; cache writes stay as they are."""
    shift: ModelShift | None = None
    volume: float = 1.0
    """Factor on requests, cases and variable cost; the platform is fixed."""

    def __post_init__(self) -> None:
        for name in ("escalation_rate", "cache_hit_rate"):
            value = getattr(self, name)
            if value is not None and not 0 <= value <= 1:
                raise ValueError(f"{name} must be in [0, 1], got {value}")
        if not self.volume >= 0:
            raise ValueError(f"volume must not be negative, got {self.volume}")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WhatIfResult:
    """The unit's costs under the what-if, and the volumes they rest on."""

    costs: UnitCosts
    counts: PeriodCounts
    volumes: PricedVolumes
    notes: tuple[str, ...]
    """What could not be done as asked, in words for the page."""


def what_if(measured: PricedVolumes, counts: PeriodCounts, change: WhatIf) -> WhatIfResult:
    """Re-price a period under other rates.

    The order is model mix, cache, volume for the usage; escalation, quality of the shift,
    volume for the cases. `counts.usage_usd` is replaced by the re-priced usage.

    Raises
    ------
    ValueError
        If the shift names a model the period does not have.
    """
    notes: list[str] = []
    volumes = measured
    if change.shift is not None:
        volumes = _shifted(volumes, change.shift)
    if change.cache_hit_rate is not None:
        volumes = _with_cache_hit_rate(volumes, change.cache_hit_rate, notes)
    cases = _with_escalation(counts, change.escalation_rate, notes)
    if change.shift is not None:
        cases = _with_quality(cases, change.shift, moved_share=_moved(measured, change.shift))
    volumes = replace(
        volumes, units=volumes.units * change.volume, requests=volumes.requests * change.volume
    )
    if volumes.total_usd is None:
        notes.append(f"No price for {', '.join(_without_price(volumes))}: no cost can be given.")
    scaled = _scaled(cases, change.volume, usage_usd=volumes.total_usd)
    return WhatIfResult(
        costs=unit_costs(scaled), counts=scaled, volumes=volumes, notes=tuple(notes)
    )


def _moved(volumes: PricedVolumes, shift: ModelShift) -> float:
    total = float(volumes.requests.sum())
    moved = shift.share * float(volumes.requests[_row(volumes, shift.from_model)])
    return moved / total if total else 0.0


def _row(volumes: PricedVolumes, model: str) -> int:
    if model not in volumes.models:
        raise ValueError(f"no model {model!r} in the period; there are {volumes.models}")
    return volumes.models.index(model)


def _shifted(volumes: PricedVolumes, shift: ModelShift) -> PricedVolumes:
    source, target = _row(volumes, shift.from_model), _row(volumes, shift.to_model)
    if source == target:
        return volumes
    units, requests = volumes.units.copy(), volumes.requests.copy()
    moved_units, moved_requests = shift.share * units[source], shift.share * requests[source]
    tokens = np.array([name.endswith("_tokens") for name in volumes.classes])
    units[source] -= moved_units
    units[target] += moved_units * np.where(tokens, shift.tokens_ratio, 1.0)
    requests[source] -= moved_requests
    requests[target] += moved_requests
    return replace(volumes, units=units, requests=requests)


def _with_cache_hit_rate(volumes: PricedVolumes, rate: float, notes: list[str]) -> PricedVolumes:
    measured = volumes.cache_hit_rate
    if measured is None or FRESH not in volumes.classes:
        notes.append("No text input that could be cached: the cache hit rate changes nothing.")
        return volumes
    fresh, read = volumes.classes.index(FRESH), volumes.classes.index(READ)
    text = [volumes.classes.index(name) for name in TEXT_INPUT if name in volumes.classes]
    wanted = (rate - measured) * float(volumes.units[:, text].sum())
    source, target = (fresh, read) if wanted > 0 else (read, fresh)
    priced = ~np.isnan(volumes.usd_per_unit[:, target])
    movable = np.where(priced, volumes.units[:, source], 0.0)
    available = float(movable.sum())
    moved = movable * (min(abs(wanted), available) / available) if available else movable
    units = volumes.units.copy()
    units[:, source] -= moved
    units[:, target] += moved
    changed = replace(volumes, units=units)
    left_out = [
        model
        for model, can, amount in zip(volumes.models, priced, volumes.units[:, source], strict=True)
        if not can and amount > 0
    ]
    if left_out:
        notes.append(f"No {volumes.classes[target]} price for {', '.join(left_out)}: left as is.")
    reached = changed.cache_hit_rate
    if reached is not None and abs(reached - rate) > 1e-9:
        notes.append(f"A cache hit rate of {rate:.0%} cannot be reached; shown at {reached:.1%}.")
    return changed


def _with_escalation(counts: PeriodCounts, rate: float | None, notes: list[str]) -> PeriodCounts:
    if rate is None or not counts.cases:
        return counts
    most = counts.cases - counts.failed
    escalated = rate * counts.cases
    if escalated > most:
        notes.append(f"Failed cases leave at most {most / counts.cases:.1%} to escalate.")
        escalated = most
    return _with_resolved(counts, most - escalated)


def _with_quality(counts: PeriodCounts, shift: ModelShift, *, moved_share: float) -> PeriodCounts:
    if counts.resolved_gross is None or counts.cases is None:
        return counts
    more = shift.resolution_change * moved_share * counts.cases
    most = counts.cases - counts.failed
    return _with_resolved(counts, min(max(counts.resolved_gross + more, 0.0), most))


def _with_resolved(counts: PeriodCounts, resolved: float) -> PeriodCounts:
    """Return the counts with so many AI resolutions; the rest of the cases is escalated.

    Reopening and QA keep their rate per AI resolution, minutes theirs per handled case.
    """
    before = counts.resolved_gross or 0.0
    scale = resolved / before if before else 0.0
    most = (counts.cases or 0.0) - counts.failed
    escalated, reopened = most - resolved, counts.reopened * scale
    human = counts.human
    handled = counts.escalated + counts.reopened
    human = replace(human, qa_samples=human.qa_samples * scale)
    if human.minutes is not None and handled:
        human = replace(human, minutes=human.minutes * (escalated + reopened) / handled)
    elif human.minutes is not None:  # nothing was measured to scale: take the price of a case
        human = replace(human, minutes=None, usd_per_minute=None)
    return replace(
        counts, resolved_gross=resolved, escalated=escalated, reopened=reopened, human=human
    )


def _scaled(counts: PeriodCounts, volume: float, *, usage_usd: float | None) -> PeriodCounts:
    human = counts.human
    minutes = None if human.minutes is None else human.minutes * volume
    gross = counts.resolved_gross
    return replace(
        counts,
        usage_usd=usage_usd,
        tool_usd=counts.tool_usd * volume,
        requests=counts.requests * volume,
        unpriced_requests=counts.unpriced_requests * volume,
        resolved_gross=None if gross is None else gross * volume,
        reopened=counts.reopened * volume,
        escalated=counts.escalated * volume,
        failed=counts.failed * volume,
        human=replace(human, minutes=minutes, qa_samples=human.qa_samples * volume),
    )


def _without_price(volumes: PricedVolumes) -> list[str]:
    rows, columns = np.nonzero(np.isnan(volumes.usd))
    return [
        f"{volumes.models[row]} {volumes.classes[column]}"
        for row, column in zip(rows, columns, strict=True)
    ]
