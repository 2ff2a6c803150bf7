"""May this month be closed: accrual, true-up, and the checks that must all pass first.

Closed figures never move. Rows that arrive late belong to the next open period as prior-period
adjustments.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from workbench.errors import InputError

HALF_A_CENT_USD = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class Accrual:
    """What is booked at the close, before the invoice is there. Management view."""

    metered_usd: float
    estimated_usd: float

    @property
    def usd(self) -> float:
        """Metered days plus estimated days."""
        return self.metered_usd + self.estimated_usd

    def true_up_usd(self, invoice_usd: float) -> float:
        """Return invoice less accrual: booked in the month in which the invoice lands."""
        return invoice_usd - self.usd

    def accuracy(self, invoice_usd: float) -> float | None:
        """Return accrual over invoice, 1 is exact; None for an invoice of 0."""
        return self.usd / invoice_usd if invoice_usd else None


def accrue(
    *,
    metered_days: float,
    metered_usd_per_day: float,
    estimated_days: float,
    estimated_usd_per_day: float,
) -> Accrual:
    """Return the accrual of a month of which some days are metered and the rest estimated.

        accrual = metered_days * metered_per_day + estimated_days * estimated_per_day

    Examples
    --------
    >>> accrue(metered_days=20, metered_usd_per_day=100.0,
    ...        estimated_days=10, estimated_usd_per_day=110.0).usd
    3100.0
    """
    if metered_days < 0 or estimated_days < 0:
        raise InputError(
            f"Days cannot be negative: {metered_days} metered, {estimated_days} estimated."
        )
    return Accrual(
        metered_usd=metered_days * metered_usd_per_day,
        estimated_usd=estimated_days * estimated_usd_per_day,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PriorPeriodAdjustment:
    """What arrived for a month after its close; booked in the next open month."""

    period: str
    closed_usd: float
    now_usd: float

    @property
    def usd(self) -> float:
        """Recomputed cost of the closed month less what it was closed with."""
        return self.now_usd - self.closed_usd


def prior_period_adjustments(
    closed_usd: Mapping[str, float], now_usd: Mapping[str, float]
) -> list[PriorPeriodAdjustment]:
    """Return an adjustment for every closed month whose rows now cost something else.

    Parameters
    ----------
    closed_usd
        Total at the close by month, YYYY-MM; these figures never move.
    now_usd
        Total of all rows of the same months today, priced with what was known at the close.
    """
    found = [
        PriorPeriodAdjustment(period=period, closed_usd=usd, now_usd=now_usd.get(period, 0.0))
        for period, usd in sorted(closed_usd.items())
    ]
    return [adjustment for adjustment in found if abs(adjustment.usd) >= HALF_A_CENT_USD]


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimatedDays:
    """Days of a source whose logs have not come, estimated; no metered figure holds them."""

    source: str
    days: tuple[str, ...]
    """ISO dates."""
    p10_usd: float = 0.0
    p50_usd: float = 0.0
    p90_usd: float = 0.0
    error: str = ""
    """By how much the estimate missed on days that are there."""
    calibrated: bool = False
    refused: str = ""
    """Why there is no estimate; empty where there is one."""

    @property
    def said(self) -> str:
        """The estimate in words, marked as one."""
        days = f"{len(self.days)} {'day' if len(self.days) == 1 else 'days'} of {self.source}"
        if self.refused:
            return f"{days} not estimated: {self.refused}"
        band = f"{self.p10_usd:,.2f} to {self.p90_usd:,.2f}"
        return f"{days} estimated at {self.p50_usd:,.2f} USD ({band}; {self.error})"


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseFigures:
    """The numbers that the checks of one month look at."""

    missing_days: Mapping[str, int]
    """Days without a row by source that should have one; empty when no source is known."""
    unpriced_rows: int
    estimated: tuple[EstimatedDays, ...] = ()
    """What is booked for missing days, by source; empty unless a person asked for it."""
    estimate_true_ups_usd: Mapping[str, float] = field(default_factory=dict)
    """Metered less estimated of days of earlier closes whose logs have come since: how far off
    each estimate was. The metered part is in the adjustments, so this is not booked beside them."""
    estimates_taken_back_usd: Mapping[str, float] = field(default_factory=dict)
    """The same estimates themselves: booked with a minus."""
    accepted_unpriced_rows: int = 0
    accepted_by: str = ""
    """Who took responsibility for the accepted rows; recorded, not authenticated."""
    cost_usd: float
    allocated_usd: float
    unallocated_usd: float
    accrual: Accrual | None = None
    previous_true_up_booked: bool | None = None
    """None when the month before had no accrual."""
    invoice_usd: float | None = None
    invoice_tolerance: float = 0.01
    """Fraction of the invoice by which the cost may differ."""
    outstanding_accruals_usd: Mapping[str, float] = field(default_factory=dict)
    """Accruals of earlier closed months whose invoice has not come, by month; carried on."""
    true_ups_usd: Mapping[str, float] = field(default_factory=dict)
    """What brings earlier months to their invoice after all else that is booked for them."""
    adjustments_usd: Mapping[str, float] = field(default_factory=dict)
    """Prior-period adjustments this close books, by the closed month they belong to."""
    late_unpriced_rows: int = 0
    """Rows without a price among those that arrived after their month was closed."""
    envelope_stored: bool = False
    envelope_held: bool | None = None
    """None while the month's envelope has not been scored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseCheck:
    """One check: its verdict and the figures it rests on, in words."""

    name: str
    verdict: Literal["pass", "fail", "not applicable"]
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseReport:
    """All checks of a month."""

    checks: tuple[CloseCheck, ...] = field(default=())

    @property
    def may_close(self) -> bool:
        """True when nothing failed."""
        return all(check.verdict != "fail" for check in self.checks)


def close_checks(figures: CloseFigures) -> CloseReport:
    """Judge a month by its figures: completeness, prices, accrual, allocation, invoice, envelope."""
    return CloseReport(
        checks=(
            _complete(figures),
            _priced(figures),
            _accrued(figures),
            _allocated(figures),
            _invoiced(figures),
            _scored(figures),
            _adjusted(figures),
        )
    )


def _complete(figures: CloseFigures) -> CloseCheck:
    holes = {source: days for source, days in figures.missing_days.items() if days}
    if not figures.missing_days:
        return _check("complete", passed=False, why="no source has a row in this month")
    told = {one.source: one.said for one in figures.estimated}
    open_holes = set(holes) - {one.source for one in figures.estimated if not one.refused}
    why = "; ".join(told.get(name) or f"{name} lacks {days} days" for name, days in holes.items())
    if holes and not open_holes:
        why += f"; booked by {figures.accepted_by or 'nobody'}, in no metered figure"
    count = len(figures.missing_days)
    return _check(
        "complete", passed=not open_holes, why=why or f"all {count} sources have every day"
    )


def _priced(figures: CloseFigures) -> CloseCheck:
    open_rows = figures.unpriced_rows - figures.accepted_unpriced_rows
    named = figures.accepted_unpriced_rows == 0 or bool(figures.accepted_by)
    why = f"{figures.unpriced_rows:,} unpriced rows"
    if figures.accepted_unpriced_rows:
        why += f", {figures.accepted_unpriced_rows:,} accepted by {figures.accepted_by or 'nobody'}"
    return _check("priced", passed=open_rows <= 0 and named, why=why)


def _accrued(figures: CloseFigures) -> CloseCheck:
    if figures.previous_true_up_booked is False:
        return _check("accrued", passed=False, why="the true-up of the month before is not booked")
    if figures.accrual is None and figures.invoice_usd is None:
        return _check("accrued", passed=False, why="neither an invoice nor an accrual")
    earlier = [
        f"true-up of {month} {usd:+,.2f} USD to its invoice"
        for month, usd in figures.true_ups_usd.items()
    ] + [
        f"{usd:,.2f} USD of {month} still accrued, its invoice has not come"
        for month, usd in figures.outstanding_accruals_usd.items()
    ]
    earlier += [
        f"estimate for {name} taken back, {-usd:+,.2f} USD; it missed its logs by "
        f"{figures.estimate_true_ups_usd.get(name, 0.0):+,.2f} USD"
        for name, usd in figures.estimates_taken_back_usd.items()
    ]
    if figures.accrual is None:
        why = "; ".join(["the invoice is there", *earlier])
        return CloseCheck(name="accrued", verdict="pass" if earlier else "not applicable", why=why)
    accrual = f"accrual {figures.accrual.usd:,.2f} USD"
    if figures.accrual.estimated_usd:
        accrual += f", of it {figures.accrual.estimated_usd:,.2f} estimated"
    why = "; ".join([accrual, *earlier])
    return _check("accrued", passed=True, why=why)


def _allocated(figures: CloseFigures) -> CloseCheck:
    placed = figures.allocated_usd + figures.unallocated_usd
    why = (
        f"{figures.allocated_usd:,.2f} allocated + {figures.unallocated_usd:,.2f} unallocated "
        f"of {figures.cost_usd:,.2f} USD"
    )
    return _check("allocated", passed=abs(placed - figures.cost_usd) < HALF_A_CENT_USD, why=why)


def _invoiced(figures: CloseFigures) -> CloseCheck:
    if figures.invoice_usd is None:
        return CloseCheck(name="invoiced", verdict="not applicable", why="no invoice was given")
    gap = figures.cost_usd - figures.invoice_usd
    allowed = abs(figures.invoice_usd) * figures.invoice_tolerance
    passed = abs(gap) <= max(allowed, HALF_A_CENT_USD)
    why = f"cost less invoice {gap:,.2f} USD, allowed {allowed:,.2f}"
    return _check("invoiced", passed=passed and math.isfinite(gap), why=why)


def _scored(figures: CloseFigures) -> CloseCheck:
    if not figures.envelope_stored:
        return CloseCheck(
            name="scored", verdict="not applicable", why="no envelope was locked for this month"
        )
    if figures.envelope_held is None:
        return _check("scored", passed=False, why="the locked envelope has not been scored")
    return _check("scored", passed=True, why="held" if figures.envelope_held else "did not hold")


def _adjusted(figures: CloseFigures) -> CloseCheck:
    if figures.late_unpriced_rows:
        why = f"{figures.late_unpriced_rows:,} late rows of closed months have no price"
        return _check("adjusted", passed=False, why=f"{why}: import their prices")
    if not figures.adjustments_usd:
        return CloseCheck(name="adjusted", verdict="not applicable", why="no closed month moved")
    why = ", ".join(f"{usd:+,.2f} USD of {month}" for month, usd in figures.adjustments_usd.items())
    return _check("adjusted", passed=True, why=f"prior-period adjustments booked here: {why}")


def _check(name: str, *, passed: bool, why: str) -> CloseCheck:
    return CloseCheck(name=name, verdict="pass" if passed else "fail", why=why)
