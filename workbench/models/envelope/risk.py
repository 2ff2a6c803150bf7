"""How likely the budget is to break, when, by how much, and what reserve would hold it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from workbench.errors import InputError
from workbench.models.envelope.leaves import Floats
from workbench.models.envelope.paths import Singles
from workbench.models.envelope.redraw import quantiles_of

LIKELY = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """P10, P50, P90 and mean of a cost, USD."""

    p10: float
    p50: float
    p90: float
    mean: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetRisk:
    """A budget against the paths; cumulative means from the first month on."""

    p_breach_by_month: tuple[float, ...]
    p_breach_cumulative: tuple[float, ...]
    first_likely_breach: str | None
    """First month by whose end the budget so far is more likely broken than not."""
    p_breach: float
    """That the whole span costs more than its budget."""
    expected_overrun_usd: float | None
    """Mean overrun of the whole span on the paths that break it; None when none does."""
    p_within: float
    """Share of paths within the budget: where the budget stands on the S-curve."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """The envelope of a span of months."""

    months: tuple[str, ...]
    """YYYY-MM."""
    by_month: tuple[Spread, ...]
    cumulative: tuple[Spread, ...]
    by_year: dict[str, Spread]
    total: Spread


def month_names(first: str, count: int) -> tuple[str, ...]:
    """Return `count` months from `first` on, as YYYY-MM.

    Examples
    --------
    >>> month_names("2026-11", 3)
    ('2026-11', '2026-12', '2027-01')
    """
    year, month = (int(part) for part in first.split("-"))
    ordinals = range(year * 12 + month - 1, year * 12 + month - 1 + count)
    return tuple(f"{ordinal // 12:04d}-{ordinal % 12 + 1:02d}" for ordinal in ordinals)


def summarise(costs: Singles, *, months: Sequence[str]) -> Envelope:
    """Return the quantiles of monthly, running, yearly and total cost.

    Quantiles of a year come from yearly totals of paths: quantiles of months do not add up.

    Parameters
    ----------
    costs
        USD, [months, paths].
    months
        YYYY-MM, one a row of `costs`.
    """
    if costs.shape[0] != len(months):
        raise InputError(f"{costs.shape[0]} months of cost, but {len(months)} names.")
    running = np.cumsum(costs, axis=0, dtype=np.float64)
    years = sorted({name[:4] for name in months})
    by_year = {
        year: costs[[name[:4] == year for name in months]].sum(axis=0, dtype=np.float64)
        for year in years
    }
    return Envelope(
        months=tuple(months),
        by_month=_spreads(costs),
        cumulative=_spreads(running),
        by_year={year: _spreads(total[None])[0] for year, total in by_year.items()},
        total=_spreads(running[-1:])[0],
    )


def budget_risk(
    costs: Singles, *, budget_usd: Sequence[float], months: Sequence[str]
) -> BudgetRisk:
    """Return how likely a monthly budget breaks, by month and cumulated.

    Parameters
    ----------
    costs
        USD, [months, paths].
    budget_usd
        USD by month.
    months
        YYYY-MM.
    """
    budget = np.asarray(budget_usd, dtype=np.float64)
    if not costs.shape[0] == budget.size == len(months):
        raise InputError(f"{costs.shape[0]} months of cost, {budget.size} of budget.")
    running = np.cumsum(costs, axis=0, dtype=np.float64)
    cumulative = (running > np.cumsum(budget)[:, None]).mean(axis=1)
    over = running[-1] - budget.sum()
    broken = over > 0
    likely = np.flatnonzero(cumulative > LIKELY)
    return BudgetRisk(
        p_breach_by_month=tuple((costs > budget[:, None]).mean(axis=1).tolist()),
        p_breach_cumulative=tuple(cumulative.tolist()),
        first_likely_breach=months[int(likely[0])] if likely.size else None,
        p_breach=float(broken.mean()),
        expected_overrun_usd=float(over[broken].mean()) if broken.any() else None,
        p_within=float(1 - broken.mean()),
    )


def contingency_usd(costs: Singles, *, budget_usd: float, confidence: float) -> float:
    """Return what must be added to a budget so that it holds with a confidence; 0 if it does.

    References
    ----------
    GAO, "Cost Estimating and Assessment Guide", GAO-20-195G, 2020, step 9: the contingency is
    the cost at the chosen confidence less the point estimate.
    """
    if not 0 < confidence < 1:
        raise InputError(f"Confidence must be between 0 and 1, got {confidence}.")
    total = costs.sum(axis=0, dtype=np.float64)
    return max(float(np.quantile(total, confidence)) - budget_usd, 0.0)


def s_curve(costs: Singles, *, points: int = 101) -> tuple[Floats, Floats]:
    """Return total cost and the probability of not exceeding it, for the S-curve."""
    levels = np.linspace(0, 1, points)
    return np.quantile(costs.sum(axis=0, dtype=np.float64), levels), levels


def _spreads(costs: Singles | Floats) -> tuple[Spread, ...]:
    low, mid, high = quantiles_of(costs)
    means = costs.mean(axis=-1, dtype=np.float64)
    return tuple(
        Spread(p10=float(p10), p50=float(p50), p90=float(p90), mean=float(mean))
        for p10, p50, p90, mean in zip(low, mid, high, means, strict=True)
    )
