"""Invented usage to judge a forecast of totals by: SYNTHETIC, every figure of it drawn.

Log usage is a level that wanders, growth, a week, and noise that remembers yesterday; most kinds
add what real logs show: steps of the level, bursts, outages, days of no use. Seeds below
`FIRST_HELD_OUT` are the development half.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.signal import lfilter

from workbench.models.forecast.calendar import Grid
from workbench.models.forecast.points import Floats

KINDS = (
    "steady", "growing", "wandering", "steps", "bursts", "outages", "intermittent", "young",
    "young and growing", "weekdays", "hourly", "hourly, young",
)  # fmt: skip
FIRST_HELD_OUT = 1_000
EACH = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Synthetic:
    """A drawn series and what kind of usage it imitates."""

    name: str
    kind: str
    values: Floats
    grid: Grid


def synthetic_series(*, held_out: bool) -> Iterator[Synthetic]:
    """Yield `EACH` series of every kind."""
    first = FIRST_HELD_OUT if held_out else 0
    for number, kind in enumerate(KINDS):
        for seed in range(first + number * EACH, first + (number + 1) * EACH):
            yield drawn(kind, seed)


def drawn(kind: str, seed: int) -> Synthetic:
    """Draw one series of a kind."""
    rng = np.random.default_rng(seed)
    hourly = kind.startswith("hourly")
    days = int(rng.integers(42, 71)) if "young" in kind else int(rng.integers(180, 721))
    days = min(days, 120) if hourly else days
    day = _days(kind, days, rng)
    if kind == "weekdays":
        kept = np.arange(days) % 7 < 5
        return Synthetic(
            name=f"{kind} {seed}", kind=kind, values=day[kept], grid=Grid(weekdays_only=True)
        )
    if hourly:
        return Synthetic(
            name=f"{kind} {seed}", kind=kind, values=_hours(day, rng), grid=Grid(steps_per_day=24)
        )
    return Synthetic(name=f"{kind} {seed}", kind=kind, values=day, grid=Grid())


def _days(kind: str, days: int, rng: np.random.Generator) -> Floats:
    steady = kind == "steady"
    week = rng.normal(0, 0.2, 7) - np.where(np.arange(7) >= 5, rng.uniform(0, 1.5), 0)
    noise = _remembering(rng.normal(0, rng.uniform(0.05, 0.35), days), rng.uniform(0, 0.7))
    wander = np.cumsum(rng.normal(0, rng.uniform(0.005, 0.05), days)) * (0.0 if steady else 1.0)
    growth = rng.uniform(-0.05, 0.25) / 30.4 if "growing" in kind else 0.0
    log = rng.uniform(3, 12) + growth * np.arange(days) + np.resize(week, days) + noise + wander
    if kind == "steps":
        for at in rng.integers(0, days, rng.integers(1, 5)):
            log[at:] += rng.normal(0, 0.6)
    if kind == "wandering":
        log = log + np.cumsum(rng.normal(0, 0.04, days))
    values = np.exp(log)
    if kind == "bursts":
        burst = rng.random(days) < rng.uniform(0.01, 0.08)
        values = values * np.where(burst, rng.uniform(2, 12, days), 1.0)
    if kind == "outages":
        for at in rng.integers(0, days, rng.integers(1, 7)):
            values[at : at + rng.integers(1, 4)] = 0.0
    if kind == "intermittent":
        values = np.where(
            rng.random(days) < rng.uniform(0.1, 0.6), np.ceil(values / values.mean() * 20), 0.0
        )
    return values


def _hours(day: Floats, rng: np.random.Generator) -> Floats:
    """Spread days over hours with a working day's shape and noise of their own."""
    hour = np.arange(24)
    shape = np.exp(
        -((hour - rng.uniform(11, 16)) ** 2) / (2 * rng.uniform(2, 6) ** 2)
    ) + rng.uniform(0.02, 0.4)
    noise = np.exp(_remembering(rng.normal(0, rng.uniform(0.1, 0.4), day.size * 24), 0.6))
    return np.repeat(day, 24) * np.tile(shape / shape.sum(), day.size) * noise


def _remembering(shocks: Floats, memory: float) -> Floats:
    return lfilter([1.0], [1.0, -memory], shocks)
