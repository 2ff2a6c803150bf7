"""Which models in use are about to be retired, and what forced migrations cost."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np

from workbench.errors import InputError
from workbench.models.provider_exit.uncertainty import Floats
from workbench.units import MONTHS_PER_YEAR

Verdict = Literal[
    "retired", "retires inside the horizon", "dated, not yet", "no date", "not tracked"
]
BINDING_WORDS = ("confirmed", "known")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelLife:
    """One row of the lifecycle table."""

    provider: str
    model: str
    retires_on: date | None
    retires_not_before: date | None
    notice_days: int | None
    life_days: int | None
    successors: tuple[str, ...]
    confidence: str
    source: str = ""
    released_on: date | None = None


def life_from_row(row: Mapping[str, str]) -> ModelLife:
    """Read one row of data/reference/model_lifecycle.csv."""

    def day(name: str) -> date | None:
        return date.fromisoformat(row[name]) if row[name] else None

    def whole(name: str) -> int | None:
        return int(row[name]) if row[name] else None

    return ModelLife(
        provider=row["provider"],
        model=row["model"],
        retires_on=day("retires_on"),
        retires_not_before=day("retires_not_before"),
        notice_days=whole("notice_days"),
        life_days=whole("life_days"),
        successors=tuple(one for one in row["successors"].split(";") if one),
        confidence=row["confidence"],
        source=row["source"],
        released_on=day("released_on"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """One model in use against its retirement."""

    provider: str
    model: str
    usd_per_month: float
    verdict: Verdict
    retires_on: date | None
    days_left: int | None
    """Negative once retired."""
    successors: tuple[str, ...]
    is_too_late: bool
    """Less time left than a migration takes."""
    confidence: str | None
    released_on: date | None = None
    retires_not_before: date | None = None


def exposures(
    usd_per_month: Mapping[tuple[str, str], float],
    lives: Iterable[ModelLife],
    *,
    as_of: date,
    until: date,
    migration_days: float,
) -> list[Exposure]:
    """Return every (provider, model) in use against its retirement date, the nearest first.

    Parameters
    ----------
    usd_per_month
        Spend by (provider, model) in use.
    lives
        Rows of the lifecycle table. A date that is not confirmed is shown and warns nobody.
    as_of, until
        Today, and the end of the horizon (inclusive).
    migration_days
        What moving to a successor takes, from the schedule.
    """
    known = {(life.provider, life.model): life for life in lives}
    found = [
        _exposure(names, usd, life_of(names, known), (as_of, until), migration_days)
        for names, usd in usd_per_month.items()
    ]
    return sorted(found, key=lambda one: (one.retires_on or date.max, -one.usd_per_month))


def life_of(names: tuple[str, str], known: Mapping[tuple[str, str], ModelLife]) -> ModelLife | None:
    """Return the life of a model as logged; a name without its date finds the one dated id."""
    if names in known:
        return known[names]
    provider, model = names
    dated = [
        life
        for (owner, listed), life in known.items()
        if owner == provider and _DATED.fullmatch(listed.removeprefix(model))
        and listed.startswith(model)
    ]  # fmt: skip
    return dated[0] if len(dated) == 1 else None


_DATED = re.compile(r"[-@]20\d{2}-?\d{2}-?\d{2}")


def _exposure(
    names: tuple[str, str],
    usd: float,
    life: ModelLife | None,
    horizon: tuple[date, date],
    migration_days: float,
) -> Exposure:
    as_of, until = horizon
    retires = life.retires_on if life else None
    left = (retires - as_of).days if retires else None
    is_sure = life is not None and life.confidence in BINDING_WORDS
    if life is None:
        verdict: Verdict = "not tracked"
    elif retires is None:
        verdict = "dated, not yet" if life.retires_not_before else "no date"
    elif retires <= as_of:
        verdict = "retired"
    else:
        verdict = "retires inside the horizon" if retires <= until else "dated, not yet"
    return Exposure(
        provider=names[0],
        model=names[1],
        usd_per_month=usd,
        verdict=verdict,
        retires_on=retires,
        days_left=left,
        successors=life.successors if life else (),
        is_too_late=is_sure and left is not None and left < migration_days,
        confidence=life.confidence if life else None,
        released_on=life.released_on if life else None,
        retires_not_before=life.retires_not_before if life else None,
    )


def life_quantiles(
    lives: Iterable[ModelLife], provider: str, *, smallest_count: int = 10
) -> tuple[float, float, float] | None:
    """Return P10, median and P90 of a provider's model lives in days; None if too few.

    Weibull plotting positions, k / (n + 1): the longest life seen is not the longest there is.
    """
    days = [one.life_days for one in lives if one.provider == provider and one.life_days]
    if len(days) < smallest_count:
        return None
    low, middle, high = (float(one) for one in np.quantile(days, (0.1, 0.5, 0.9), method="weibull"))
    return low, middle, high


def days_left_quantiles(
    lives: Iterable[ModelLife], provider: str, *, age_days: float, at_least_days: float = 0.0,
    smallest_count: int = 10,
) -> tuple[float, float, float] | None:  # fmt: skip
    """Return P10, P50 and P90 of the days a model has left, by the lives of its provider's others.

    Only lives longer than the model's own age count: it has lived that long already. Until
    `at_least_days`, the provider's own word holds. None where too few lives are known, or hardly
    any model of the provider lived so long.
    """
    days = [one.life_days for one in lives if one.provider == provider and one.life_days]
    longer = [one - age_days for one in days if one > age_days]
    if len(days) < smallest_count or len(longer) < 3:
        return None
    quantiles = np.quantile(longer, (0.1, 0.5, 0.9), method="weibull")
    low, middle, high = (max(float(one), at_least_days) for one in quantiles)
    return low, middle, high


def forced_migrations(*, horizon_days: float, days_left: float | None, life_days: float) -> int:
    """Return how many retirements fall into a horizon if each successor lives as long.

    Parameters
    ----------
    horizon_days
        Length of the business case.
    days_left
        Until the model in use retires; None: it is new, a whole life is left.
    life_days
        Life of each successor from its adoption, such as the provider's median.

    Examples
    --------
    >>> forced_migrations(horizon_days=1096, days_left=None, life_days=485)
    2
    """
    if life_days <= 0:
        raise InputError(f"A model lives longer than {life_days} days.")
    first = life_days if days_left is None else max(0.0, days_left)
    if first > horizon_days:
        return 0
    return 1 + int((horizon_days - first) // life_days)


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceStep:
    """A price path is steps: prices are announced, they don't glide."""

    month: int
    """First month the factor holds, 0 is now."""
    factor: float
    """On the price before it."""
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PricePath:
    """One scenario of what the same work will cost."""

    name: str
    steps: tuple[PriceStep, ...] = ()
    one_off_usd: float = 0.0
    """Paid at each step that forces a migration."""

    def factors(self, months: int) -> Floats:
        """Return the price as a multiple of today's, month by month."""
        factors = np.ones(months)
        for step in self.steps:
            factors[step.month :] *= step.factor
        return factors

    def cost_usd(self, usd_by_month: Sequence[float]) -> Floats:
        """Return the month's cost on this path, migrations paid in the month they fall in."""
        cost = np.asarray(usd_by_month, dtype=np.float64) * self.factors(len(usd_by_month))
        for step in self.steps:
            if step.cause == "forced migration" and step.month < len(cost):
                cost[step.month] += self.one_off_usd
        return cost


def price_paths(
    *,
    months: int,
    retires_in_month: int | None = None,
    introductory_until_month: int | None = None,
    scheduled: Sequence[tuple[int, float]] = (),
    migration_usd: float = 0.0,
) -> tuple[PricePath, ...]:
    """Return the scenarios that price histories have shown, never a smooth decline.

    Shapes, not frequencies: the tracked ids were chosen, so how often each happens is unknown.
    Cut, creep and factors are those seen in re-pricings of 2022 to 2026.

    Parameters
    ----------
    months
        Horizon.
    retires_in_month
        Month the model in use retires; None leaves the forced migrations out.
    introductory_until_month
        Month an introductory price ends; None leaves that scenario out.
    scheduled
        Month and factor against today of each change the price book knows already.
    migration_usd
        One-off cost of a migration.
    """
    paths = [
        PricePath(name="same id, flat"),
        PricePath(
            name="step cut of 60 %",
            steps=(PriceStep(month=min(9, months), factor=0.4, cause="step cut"),),
        ),
        PricePath(
            name="tier creep of 40 % a year",
            steps=tuple(
                PriceStep(month=month, factor=1.4, cause="dearer successor of the tier")
                for month in range(MONTHS_PER_YEAR, months, MONTHS_PER_YEAR)
            ),
        ),
        PricePath(
            name="new tokenizer, 35 % more tokens",
            steps=(PriceStep(month=min(6, months), factor=1.35, cause="tokenizer change"),),
        ),
    ]
    if scheduled:
        before, steps = 1.0, []
        for month, factor in scheduled:
            steps.append(PriceStep(month=month, factor=factor / before, cause="scheduled"))
            before = factor
        paths.append(PricePath(name="scheduled in the price book", steps=tuple(steps)))
    if introductory_until_month is not None:
        ends = PriceStep(
            month=introductory_until_month, factor=2.0, cause="introductory price ends"
        )
        paths.append(PricePath(name="introductory price ends", steps=(ends,)))
    if retires_in_month is not None:
        paths += [
            PricePath(
                name=f"forced migration at {factor:g} times the price",
                steps=(PriceStep(month=retires_in_month, factor=factor, cause="forced migration"),),
                one_off_usd=migration_usd,
            )
            for factor in (0.3, 1.0, 3.0)
        ]
    return tuple(paths)
