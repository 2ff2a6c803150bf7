"""How much a feature will be used: the growth its log shows, and shared draws of the months ahead."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from workbench.errors import InputError
from workbench.models.hosting.decision import WEEKS_PER_MONTH
from workbench.models.hosting.workload import Floats

LEAST_WEEKS: Final = 6
"""Whole weeks with usage below which no trend is read."""
SD_LIMITS: Final = (0.005, 0.03)
"""Least and largest monthly uncertainty of log growth taken into a forecast of years."""

HOURS_OF_WEEK: Final = 168
THIN_REQUESTS: Final = 10_000
"""Below this an hour of the week has too few requests to be told from chance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """Growth of a month, as logarithms so that halving and doubling are equally far."""

    log_per_month: float
    log_sd_per_month: float
    measured: bool
    """False where the log is too short: no growth and the largest uncertainty."""

    @property
    def per_month(self) -> float:
        """Growth of a month as a fraction."""
        return float(np.expm1(self.log_per_month))


def growth_of(weekly: Floats) -> Growth:
    """Read the trend of weekly totals: the slope of their logarithm over whole weeks.

        log(volume) = a + b * week;  a month is 4.35 weeks

    Weeks without usage are left out. The uncertainty is the slope's standard error, kept
    within `SD_LIMITS`: few weeks say little about years.
    """
    volumes = np.asarray(weekly, dtype=float)
    weeks = np.flatnonzero(volumes > 0).astype(float)
    if len(weeks) < LEAST_WEEKS:
        return Growth(log_per_month=0.0, log_sd_per_month=SD_LIMITS[1], measured=False)
    logs = np.log(volumes[volumes > 0])
    centred = weeks - weeks.mean()
    slope = float(centred @ logs / (centred @ centred))
    rest = logs - logs.mean() - slope * centred
    error = float(np.sqrt(rest @ rest / (len(weeks) - 2) / (centred @ centred)))
    return Growth(
        log_per_month=slope * WEEKS_PER_MONTH,
        log_sd_per_month=float(np.clip(error * WEEKS_PER_MONTH, *SD_LIMITS)),
        measured=True,
    )


def typical_week(tokens_by_hour: Sequence[float], *, requests: int) -> Floats:
    """Return the hours of a typical week over their mean, from whole weeks in order.

    With fewer than `THIN_REQUESTS` requests it is weekday share times hour-of-day share, whose
    31 numbers can be told from chance where 168 cannot. Without tokens every hour is alike.
    """
    hours = np.asarray(tokens_by_hour, dtype=float)
    if hours.size == 0 or hours.size % HOURS_OF_WEEK:
        raise InputError(f"A typical week needs whole weeks of hours, not {hours.size} hours.")
    week = hours.reshape(-1, 7, 24).mean(axis=0)
    if week.sum() <= 0:
        return np.ones(HOURS_OF_WEEK)
    if requests < THIN_REQUESTS:
        week = np.outer(week.mean(axis=1), week.mean(axis=0))
    return (week / week.mean()).ravel()


def demand_draws(
    mtok_per_month: float,
    *,
    growth_per_month: float,
    log_sd_per_month: float,
    months: int,
    draws: int = 512,
    seed: int = 11,
) -> Floats:
    """Return volumes by draw and month: each draw grows at a rate of its own from today's volume.

        volume(m) = volume * exp(m * (log(1 + growth) + sd * z)),  m = 1 … months

    The draws are evenly spaced quantiles of z in a fixed random order, so that two settings
    differ by what was set and not by chance.
    """
    if mtok_per_month < 0 or growth_per_month <= -1 or months < 1:
        raise InputError("Volume must not be negative, growth above -100 % and months at least 1.")
    levels = (np.arange(draws) + 0.5) / draws
    z = _normal_quantiles(np.random.default_rng(seed).permutation(levels))
    rate = np.log1p(growth_per_month) + log_sd_per_month * z
    return mtok_per_month * np.exp(rate[:, None] * np.arange(1, months + 1))


def _normal_quantiles(levels: Floats) -> Floats:
    from scipy.special import ndtri  # a part of scipy that only this needs

    return np.asarray(ndtri(levels), dtype=float)
