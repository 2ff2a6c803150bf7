"""What moves the cost of own capacity: supply shocks, the predictor's band, growth.

Every driver is one change of one option on the same demand draws, all else equal.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from workbench.models.hosting.decision import Demand, Judged, Option, Tolerance, decide
from workbench.models.hosting.growth import Growth
from workbench.models.hosting.shock import (
    INPUT_SHOCKS,
    RENTAL_SCENARIOS,
    accelerator_price_change,
    shocked,
)
from workbench.models.hosting.study import Study


@dataclass(frozen=True, slots=True, kw_only=True)
class Swing:
    """One input, the cost at its calm and at its severe end, and what these ends are."""

    name: str
    low_usd: float
    high_usd: float
    low_at: str
    high_at: str


def rented_swings(
    judged: Judged, study: Study, demand: Demand, tolerance: Tolerance, *, growth: Growth
) -> list[Swing]:
    """Return what moves a rented fleet's mean cost."""
    base = judged.option
    severe = RENTAL_SCENARIOS[-1]
    dearer = shocked(base, severe, owned=False)
    rental = Swing(
        name="Rental price", low_usd=_mean(base, demand, tolerance),
        high_usd=_mean(dearer, demand, tolerance), low_at="today",
        high_at=f"× {severe.rental_multiplier:g}",
    )  # fmt: skip
    return [rental, *_common(base, study, demand, tolerance, growth)]


def owned_swings(
    judged: Judged,
    study: Study,
    demand: Demand,
    tolerance: Tolerance,
    *,
    growth: Growth,
    capital_share: float,
    rented_usd_per_replica_hour: float,
) -> list[Swing]:
    """Return what moves an owned fleet's mean cost: wafer, memory, packaging, lead time, rental.

    Parameters
    ----------
    capital_share
        Share of an owned hour that is capital: what a dearer accelerator moves.
    rented_usd_per_replica_hour
        Price of the bridge: until owned machines serve, the same replicas are rented.
    """
    base = replace(judged.option, bridge_usd_per_replica_hour=rented_usd_per_replica_hour)
    calm = _mean(base, demand, tolerance)
    found = [
        Swing(
            name=shock.name, low_usd=calm, low_at="today", high_at=f"+{_change(shock):.0%}",
            high_usd=_mean(
                shocked(base, shock, owned=True, capital_share=capital_share), demand, tolerance
            ),
        )
        for shock in INPUT_SHOCKS
    ]  # fmt: skip
    severe = RENTAL_SCENARIOS[-1]
    late = replace(base, weeks_to_live=base.weeks_to_live + severe.lead_time_weeks)
    dear = replace(
        late, bridge_usd_per_replica_hour=rented_usd_per_replica_hour * severe.rental_multiplier
    )
    found += [
        Swing(
            name="Late, rented meanwhile", low_usd=calm, low_at=f"{base.weeks_to_live:g} wk",
            high_usd=_mean(late, demand, tolerance), high_at=f"{late.weeks_to_live:g} wk",
        ),
        Swing(
            name="Late, and rental dearer", low_usd=calm, low_at="today",
            high_usd=_mean(dear, demand, tolerance),
            high_at=f"× {severe.rental_multiplier:g}",
        ),
    ]  # fmt: skip
    return [*found, *_common(base, study, demand, tolerance, growth)]


def price_changes() -> list[tuple[str, float]]:
    """Return by how much each supply shock alone moves an accelerator's price, as a fraction."""
    return [(shock.name, accelerator_price_change(shock)) for shock in INPUT_SHOCKS]


def _common(
    base: Option, study: Study, demand: Demand, tolerance: Tolerance, growth: Growth
) -> Sequence[Swing]:
    rates = (study.goodput_p90, study.goodput_tokens_per_s_per_gpu, study.goodput_p10)

    def resized(rate: float) -> Option:
        # the same load on a fleet larger or smaller by what the predictor may be off
        return replace(base, usd_per_replica_hour=base.usd_per_replica_hour * rates[1] / rate)

    months = demand.mtok_per_month.shape[1]
    reach = np.exp(1.2816 * growth.log_sd_per_month * np.arange(1, months + 1))
    low, high = (
        Demand(mtok_per_month=demand.mtok_per_month * by, hourly_shape=demand.hourly_shape)
        for by in (1 / reach, reach)
    )
    return [
        Swing(
            name="Throughput", low_usd=_mean(resized(rates[0]), demand, tolerance), low_at="P90",
            high_usd=_mean(resized(rates[2]), demand, tolerance), high_at="P10",
        ),
        Swing(
            name="Growth", low_usd=_mean(base, low, tolerance), low_at="P10",
            high_usd=_mean(base, high, tolerance), high_at="P90",
        ),
    ]  # fmt: skip


def _mean(option: Option, demand: Demand, tolerance: Tolerance) -> float:
    return float(decide([option], demand, tolerance).judged[0].npv_usd.mean())


def _change(shock: object) -> float:
    return max(getattr(shock, f"{part}_change") for part in ("wafer", "memory", "packaging"))
