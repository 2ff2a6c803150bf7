"""What staying exposes one to: model lives, price paths, outages with and without a standby."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from widgets.provider_exit_data import YEARS, Leaving, Reading
from workbench.figures.provider_exit_lives import Life
from workbench.figures.provider_exit_standby import Arrangement
from workbench.models.provider_exit.lifecycle import (
    Exposure,
    ModelLife,
    days_left_quantiles,
    exposures,
    life_from_row,
    life_quantiles,
)
from workbench.models.provider_exit.outage import (
    Availability,
    Incidents,
    Loss,
    Standby,
    active_active,
    expected_loss_usd,
    single,
    warm_standby,
)
from workbench.reference import read_table

HORIZON_DAYS = YEARS * 365
MODELS_SHOWN = 8
ASSUMED_COMMON_CAUSE = 0.05
"""Assumed: share of incidents that hit both, where no cloud is shared."""
ASSUMED_INCIDENTS = Incidents(per_month=2.0, median_hours=1.0, sigma_log=1.2)
"""Assumed where no incidents are on file: two a month, half of them longer than an hour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lives:
    """The provider's models in use, and the moves their ends force."""

    shown: tuple[Life, ...]
    forced: int
    rests_on: str


def lives_of(reading: Reading, found: Leaving) -> Lives:
    """Return each model in use with its end, published or expected, and the forced moves."""
    table = [life_from_row(row) for row in read_table("model_lifecycle")]
    own = {key: usd for key, usd in reading.models.items() if key[0] == reading.provider}
    exposed = exposures(
        own, table, as_of=reading.as_of, until=reading.as_of + timedelta(days=HORIZON_DAYS),
        migration_days=found.result.risk.finish_days.p50,
    )  # fmt: skip
    typical = life_quantiles(table, reading.provider)
    ordered = sorted(exposed, key=lambda one: -one.usd_per_month)[:MODELS_SHOWN]
    lives = [_life(one, table, reading.as_of) for one in ordered]
    if not lives:
        return Lives(shown=(), forced=0, rests_on="no model in use")
    moves = _moves(lives[0], typical, reading.as_of)
    lives[0] = Life(exposure=lives[0].exposure, left_days=lives[0].left_days, moves=moves)
    words = "published dates alone; too few lives are known" if typical is None else (
        f"{ordered[0].model}, by lives of {typical[0] / 30.4:.0f} to {typical[2] / 30.4:.0f} months"
    )  # fmt: skip
    return Lives(shown=tuple(lives), forced=len(moves), rests_on=words)


def _life(one: Exposure, table: Sequence[ModelLife], as_of: date) -> Life:
    if one.retires_on is not None or one.verdict == "not tracked":
        return Life(exposure=one)
    age = max(0, (as_of - one.released_on).days) if one.released_on else 0
    promised = max(0, (one.retires_not_before - as_of).days) if one.retires_not_before else 0
    return Life(
        exposure=one,
        left_days=days_left_quantiles(
            table, one.provider, age_days=age, at_least_days=float(promised)
        ),
    )


def _moves(life: Life, typical: tuple[float, float, float] | None, as_of: date) -> tuple[date, ...]:
    """Return the median dates on which this model and its successors end, inside the horizon."""
    one = life.exposure
    if one.days_left is not None:
        at = float(max(0, one.days_left))
    elif life.left_days is not None:
        at = life.left_days[1]
    elif typical is not None:
        at = typical[1]
    else:
        return ()
    found = []
    while at <= HORIZON_DAYS:
        found.append(as_of + timedelta(days=at))
        if typical is None:
            break
        at += typical[1]
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What outages cost alone, with a standby, and with both serving."""

    arrangements: tuple[Arrangement, ...]
    incidents: Incidents
    value_usd: float | None
    """What a warm standby is worth a month; None without a value for an hour down."""
    p_beyond_tolerance: float | None
    """Probability of an incident longer than the impact tolerance within a year."""
    rests_on: str
    known: str
    """How the incidents are known, in a word."""


def standing(
    reading: Reading, values: Mapping[str, Any], target: Mapping[str, Any] | None
) -> Standing:
    """Return expected hours down and losses of each arrangement."""
    main, words = _incidents(reading)
    standby = Standby(
        incidents=main, failover_hours=values["failover"], failover_success=values["success"],
        common_cause_share=_common_cause(reading, target), accepted_share=_accepted(target),
        usd_per_month=values["standby"],
    )  # fmt: skip
    loss = Loss(
        usd_per_hour_down=reading.loss_usd_per_hour,
        usd_per_hour_degraded_fully=reading.loss_usd_per_hour,
    )
    alone = single(main)
    shapes = (
        ("one provider", alone, None),
        ("warm standby", warm_standby(main, standby), standby),
        ("active-active, half each", active_active(main, standby, main_share=0.5), standby),
    )
    without = expected_loss_usd(alone, loss)
    found = tuple(_arrangement(name, shape, one, loss, without) for name, shape, one in shapes)
    hours = reading.tolerance_hours
    return Standing(
        arrangements=found, incidents=main, rests_on=words,
        known=_known(reading),
        value_usd=found[1].value_usd if reading.loss_usd_per_hour else None,
        p_beyond_tolerance=None if hours is None else main.p_longer_in(12, hours=hours),
    )  # fmt: skip


def _known(reading: Reading) -> str:
    if reading.incidents is None:
        return "assumed"
    return "synthetic" if reading.incidents["is_synthetic"] else "measured"


def _arrangement(
    name: str, shape: Availability, standby: Standby | None, loss: Loss, without_usd: float
) -> Arrangement:
    accepted = standby.accepted_share if standby else 1.0
    usd = expected_loss_usd(shape, loss, accepted_share=accepted)
    worth = None if standby is None else without_usd - usd - standby.usd_per_month
    return Arrangement(name=name, availability=shape, loss_usd=usd, value_usd=worth)


def _incidents(reading: Reading) -> tuple[Incidents, str]:
    seen = reading.incidents
    if seen is None:
        return (
            ASSUMED_INCIDENTS,
            "assumed: two incidents a month of one hour at the median; none are on file",
        )
    words = f"fitted to {seen['count']} incidents in {seen['days']} days, longest {seen['longest_hours']:.1f} h"
    fitted = Incidents(
        per_month=seen["per_month"], median_hours=seen["median_hours"], sigma_log=seen["sigma_log"]
    )
    return fitted, words + (", synthetic" if seen["is_synthetic"] else "")


def _common_cause(reading: Reading, target: Mapping[str, Any] | None) -> float:
    """Return 1 where both run on one cloud: an outage of it is an outage of both."""
    other = target["target"].partition("/")[0] if target else ""
    here, there = reading.clouds.get(reading.provider), reading.clouds.get(other)
    return 1.0 if here and here == there else ASSUMED_COMMON_CAUSE


def _accepted(target: Mapping[str, Any] | None) -> float:
    found = target["accepted"] if target else None
    if not found or not found["here"]:
        return 1.0
    here = found["here_accepted"] / found["here_cases"]
    return min(1.0, (found["accepted"] / found["cases"]) / here) if here else 1.0
