"""How often and how long a provider is away, what that costs, and what a standby is worth.

Incidents are counted apart from how long they last: their number in a month is Poisson, their
length lognormal, whose tail is heavy. Hours down are compared with 730 hours a month.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from workbench.errors import InputError
from workbench.models.provider_exit.uncertainty import Floats
from workbench.units import HOURS_PER_MONTH


@dataclass(frozen=True, slots=True, kw_only=True)
class Incidents:
    """How a provider fails: count and duration apart."""

    per_month: float
    median_hours: float
    sigma_log: float
    """Standard deviation of the log duration; above 1 a few incidents make most of the time."""

    def __post_init__(self) -> None:
        if self.per_month < 0 or self.median_hours <= 0 or self.sigma_log < 0:
            raise InputError("Incidents need a count of at least 0 and a median above 0 hours.")

    @property
    def mean_hours(self) -> float:
        """Mean duration: median * exp(sigma^2 / 2)."""
        return self.median_hours * math.exp(self.sigma_log**2 / 2)

    @property
    def hours_down_per_month(self) -> float:
        """Mean hours down a month."""
        return self.per_month * self.mean_hours

    @property
    def unavailability(self) -> float:
        """Share of the month that is down, at most 1."""
        return min(1.0, self.hours_down_per_month / HOURS_PER_MONTH)

    def longer_than(self, hours: float) -> float:
        """Return the share of incidents that last longer than `hours`."""
        if hours <= 0:
            return 1.0
        if self.sigma_log == 0:
            return 1.0 if self.median_hours > hours else 0.0
        return float(norm.sf(self._deviations(hours)))

    def _deviations(self, hours: float) -> float:
        return (math.log(hours) - math.log(self.median_hours)) / self.sigma_log

    def mean_hours_capped(self, cap_hours: float) -> float:
        """Return the mean of min(duration, cap): what is left of an incident after failover.

        E[min(D, c)] = mean * Phi((ln(c/m) - s^2) / s) + c * P(D > c)
        """
        if cap_hours <= 0:
            return 0.0
        if self.sigma_log == 0:
            return min(self.median_hours, cap_hours)
        z = self._deviations(cap_hours)
        below = self.mean_hours * float(norm.cdf(z - self.sigma_log))
        return below + cap_hours * self.longer_than(cap_hours)

    def p_longer_in(self, months: float, *, hours: float) -> float:
        """Return the probability of at least one incident longer than `hours` in some months."""
        return 1 - math.exp(-self.per_month * months * self.longer_than(hours))


def fit_incidents(durations_hours: Sequence[float], *, months: float) -> Incidents:
    """Return the incidents fitted to a log of durations, by the moments of their logarithms.

    Raises
    ------
    InputError
        If there are fewer than three: a spread of two points is none.
    """
    if len(durations_hours) < 3 or min(durations_hours) <= 0 or months <= 0:
        raise InputError("Fitting needs three incidents or more, each longer than 0 hours.")
    logs = np.log(np.asarray(durations_hours, dtype=np.float64))
    return Incidents(
        per_month=len(durations_hours) / months,
        median_hours=float(np.exp(logs.mean())),
        sigma_log=float(logs.std(ddof=1)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Standby:
    """A second provider, and how well traffic moves to it."""

    incidents: Incidents
    failover_hours: float
    """From the first failed request to the first one served there."""
    failover_success: float
    """Share of incidents in which the move works; from drills, not from hope."""
    common_cause_share: float
    """Share of the main provider's incidents that hit both: one cloud, one region, one bug."""
    accepted_share: float = 1.0
    """Accepted tasks at the standby relative to the main provider."""
    usd_per_month: float = 0.0

    def __post_init__(self) -> None:
        for name in ("failover_success", "common_cause_share", "accepted_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(f"{name} lies between 0 and 1, got {getattr(self, name)}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Availability:
    """Hours in a mean month that are not served, and served worse."""

    down_hours: float
    degraded_hours: float

    @property
    def share(self) -> float:
        """Share of the month that is served, whoever serves it."""
        return max(0.0, 1 - self.down_hours / HOURS_PER_MONTH)


def single(main: Incidents) -> Availability:
    """Return the availability of one provider alone."""
    return Availability(down_hours=main.unavailability * HOURS_PER_MONTH, degraded_hours=0.0)


def warm_standby(main: Incidents, standby: Standby) -> Availability:
    """Return the availability when traffic moves to a standby.

    An incident is down whole if it hits both or the move fails; else until the failover, and
    after it for the share of time the standby itself is away.
    """
    moves = (1 - standby.common_cause_share) * standby.failover_success
    until_moved = main.mean_hours_capped(standby.failover_hours)
    served_there = main.mean_hours - until_moved
    away = standby.incidents.unavailability
    down = main.per_month * (
        (1 - moves) * main.mean_hours + moves * (until_moved + served_there * away)
    )
    degraded = main.per_month * moves * served_there * (1 - away)
    cap = HOURS_PER_MONTH
    return Availability(down_hours=min(cap, down), degraded_hours=min(cap, degraded))


def active_active(main: Incidents, standby: Standby, *, main_share: float) -> Availability:
    """Return the availability when both serve, each backing the other up.

    Only the share of traffic at the provider that fails has to move; both fail in turn.
    """
    if not 0 <= main_share <= 1:
        raise InputError(f"A share of traffic lies between 0 and 1, got {main_share}.")
    back = Standby(
        incidents=main,
        failover_hours=standby.failover_hours,
        failover_success=standby.failover_success,
        common_cause_share=standby.common_cause_share,
    )
    here, there = warm_standby(main, standby), warm_standby(standby.incidents, back)
    return Availability(
        down_hours=main_share * here.down_hours + (1 - main_share) * there.down_hours,
        degraded_hours=main_share * here.degraded_hours,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """What an hour costs."""

    usd_per_hour_down: float
    usd_per_hour_degraded_fully: float = 0.0
    """If no task were accepted; scaled by the share the standby loses."""


def expected_loss_usd(
    availability: Availability, loss: Loss, *, accepted_share: float = 1.0
) -> float:
    """Return the mean loss of a month."""
    degraded = availability.degraded_hours * loss.usd_per_hour_degraded_fully
    return availability.down_hours * loss.usd_per_hour_down + degraded * (1 - accepted_share)


def standby_value_usd(main: Incidents, standby: Standby, loss: Loss) -> float:
    """Return what a warm standby is worth a month: loss avoided minus what it costs."""
    without = expected_loss_usd(single(main), loss)
    with_it = expected_loss_usd(
        warm_standby(main, standby), loss, accepted_share=standby.accepted_share
    )
    return without - with_it - standby.usd_per_month


def hours_down_draws(incidents: Incidents, *, months: int, draws: int, seed: int) -> Floats:
    """Return simulated hours down over a horizon, one value a draw."""
    rng = np.random.default_rng(seed)
    counts = rng.poisson(incidents.per_month * months, draws)
    mu, sigma = math.log(incidents.median_hours), incidents.sigma_log
    lengths = rng.lognormal(mu, sigma, int(counts.sum()))
    owner = np.repeat(np.arange(draws), counts)
    return np.bincount(owner, weights=lengths, minlength=draws).astype(np.float64)


def concentration(spend_usd: Mapping[str, float]) -> float | None:
    """Return the Herfindahl-Hirschman index of spend, 0 to 1; None without spend.

        HHI = sum of squared shares

    1 is one supplier. Competition authorities call a market above 0.18 highly concentrated (US
    Merger Guidelines 2023, Guideline 1: 1,800 of 10,000 points); no such limit binds a buyer.

    Examples
    --------
    >>> concentration({"a": 50.0, "b": 50.0})
    0.5
    """
    if any(usd < 0 for usd in spend_usd.values()):
        raise InputError("Concentration needs spend of at least 0 for every supplier.")
    total = sum(spend_usd.values())
    if total == 0:
        return None
    return sum((usd / total) ** 2 for usd in spend_usd.values())


def concentration_by_cloud(
    spend_usd: Mapping[str, float], cloud_of: Mapping[str, str]
) -> tuple[float | None, tuple[str, ...]]:
    """Return the index by the cloud behind each provider, and the providers without one.

    A provider whose cloud is not stated counts as a cloud of its own, and is named.
    """
    by_cloud: dict[str, float] = {}
    for provider, usd in spend_usd.items():
        cloud = cloud_of.get(provider, f"cloud of {provider}")
        by_cloud[cloud] = by_cloud.get(cloud, 0.0) + usd
    unknown = tuple(sorted(set(spend_usd) - set(cloud_of)))
    return concentration(by_cloud), unknown
