"""Whether leaving pays: net present value, internal rate of return, payback.

Cash flows are exit minus stay, US dollars before tax: t0 is now, year n falls at its end.
Money already spent (a prepaid balance that cannot be used) is no cash flow; it is shown beside
them as a write-off.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from scipy.optimize import root_scalar

from workbench.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitCash:
    """What leaving and staying cost, year by year."""

    stay_usd_by_year: tuple[float, ...]
    exit_usd_by_year: tuple[float, ...]
    """Run cost at the target, quality and dual running included, same years."""
    one_off_usd: float
    """Migration and termination, paid now."""
    sunk_write_off_usd: float = 0.0
    """Shown, never in the cash flows."""

    def __post_init__(self) -> None:
        if len(self.stay_usd_by_year) != len(self.exit_usd_by_year) or not self.stay_usd_by_year:
            raise InputError("Staying and leaving need the same number of years, at least one.")

    @property
    def flows_usd(self) -> tuple[float, ...]:
        """Cash flows of leaving minus staying, t0 first."""
        pairs = zip(self.stay_usd_by_year, self.exit_usd_by_year, strict=True)
        return (-self.one_off_usd, *(stay - leave for stay, leave in pairs))


def npv_usd(flows_usd: Sequence[float], *, discount_rate: float) -> float:
    """Return the sum of flow_t / (1 + rate)^t.

    Examples
    --------
    >>> round(npv_usd((-100.0, 60.0, 60.0), discount_rate=0.1), 4)
    4.1322
    """
    if discount_rate <= -1:
        raise InputError(f"A discount rate is above -100 %, got {discount_rate}.")
    return sum(flow / (1 + discount_rate) ** year for year, flow in enumerate(flows_usd))


def irr(flows_usd: Sequence[float]) -> float | None:
    """Return the rate at which the flows are worth nothing.

    None when they have no change of sign, or more than one: then no rate, or several, would
    solve it and none of them means anything.
    """
    signs = [flow > 0 for flow in flows_usd if flow != 0]
    changes = sum(one != other for one, other in pairwise(signs))
    if changes != 1:
        return None

    def worth(rate: float) -> float:
        return npv_usd(flows_usd, discount_rate=rate)

    above_minus_one, high = 1.0, 1.0
    sign = worth(high) > 0
    while (worth(above_minus_one - 1) > 0) == sign and above_minus_one > 1e-12:
        above_minus_one /= 2
        high *= 2
        sign = worth(high) > 0
    low = above_minus_one - 1
    if (worth(low) > 0) == sign:
        return None
    return float(root_scalar(worth, bracket=(low, high), xtol=1e-14).root)


def payback_years(flows_usd: Sequence[float]) -> float | None:
    """Return the years until the undiscounted sum is zero for good, linear inside a year.

    None when it is below zero at the end. A sum that comes back up and falls again has not
    been paid back: the last crossing counts.
    """
    sums = list(accumulate(flows_usd))
    if sums[-1] < 0:
        return None
    below = [year for year, total in enumerate(sums) if total < 0]
    if not below:
        return 0.0
    year = below[-1]
    return year - sums[year] / flows_usd[year + 1]


def annuity_factor(years: int, *, discount_rate: float) -> float:
    """Return the present value of one dollar at the end of each year."""
    return npv_usd((0.0, *([1.0] * years)), discount_rate=discount_rate)


def with_price_rise(cash: ExitCash, *, share: float, from_year: int) -> ExitCash:
    """Return the case in which staying becomes dearer by `share` from a year on, 1 the first."""
    stay = tuple(
        usd * (1 + share) if year >= from_year else usd
        for year, usd in enumerate(cash.stay_usd_by_year, start=1)
    )
    return ExitCash(
        stay_usd_by_year=stay,
        exit_usd_by_year=cash.exit_usd_by_year,
        one_off_usd=cash.one_off_usd,
        sunk_write_off_usd=cash.sunk_write_off_usd,
    )


def expected_npv_usd(
    cash: ExitCash, scenario: ExitCash, *, probability: float, discount_rate: float
) -> float:
    """Return the mean of two cases, the scenario happening with `probability`."""
    if not 0 <= probability <= 1:
        raise InputError(f"A probability lies between 0 and 1, got {probability}.")
    base = npv_usd(cash.flows_usd, discount_rate=discount_rate)
    other = npv_usd(scenario.flows_usd, discount_rate=discount_rate)
    return (1 - probability) * base + probability * other
