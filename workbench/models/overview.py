"""What leadership asks first: spent this month, against last month, and where it will end.

Pure functions over daily totals; the caller says which day is the last complete one.
"""

import calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

RUN_RATE_LABEL = "run-rate, uncalibrated"
"""A straight line through the month so far: no season, no error band, never scored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthToDate:
    """Spend of a month up to and including `as_of`. Money in US dollars."""

    as_of: date
    spend_usd: float | None
    """None where no day of the month so far has data."""
    days_with_data: int
    days_so_far: int
    days_in_month: int
    previous_usd: float | None
    """The same days of the previous month; None unless each of them has data."""
    previous_days: int
    change_ratio: float | None
    """spend / previous - 1, where both cover all their days and as many of them."""
    run_rate_month_end_usd: float | None
    """spend / days with data * days in the month."""
    run_rate_label: str = RUN_RATE_LABEL

    @property
    def missing_days(self) -> int:
        """Days of the month so far that no data has come in for."""
        return self.days_so_far - self.days_with_data


def month_to_date(daily_usd: Mapping[date, float], *, as_of: date) -> MonthToDate:
    """Return the month so far, the same days a month earlier, and a run-rate month end.

    A day that is not in `daily_usd` is missing, not free: it is counted, and left out of the
    run rate. The previous month is cut at its own end, so 31 March is set beside 28 February,
    and `change_ratio` is None then.

    Parameters
    ----------
    daily_usd
        Spend by day; days without usage that are known to be complete stand there as 0.
    as_of
        Last complete day.
    """
    first = as_of.replace(day=1)
    days = [first + timedelta(days=number) for number in range(as_of.day)]
    known = [daily_usd[day] for day in days if day in daily_usd]
    spend = float(sum(known)) if known else None
    days_in_month = calendar.monthrange(as_of.year, as_of.month)[1]
    previous_days = _same_days_before(first, as_of.day)
    before = [daily_usd[day] for day in previous_days if day in daily_usd]
    previous = float(sum(before)) if len(before) == len(previous_days) else None
    comparable = len(known) == len(days) == len(previous_days)
    return MonthToDate(
        as_of=as_of,
        spend_usd=spend,
        days_with_data=len(known),
        days_so_far=len(days),
        days_in_month=days_in_month,
        previous_usd=previous,
        previous_days=len(previous_days),
        change_ratio=spend / previous - 1
        if comparable and spend is not None and previous
        else None,
        run_rate_month_end_usd=None if spend is None else spend / len(known) * days_in_month,
    )


def _same_days_before(first: date, count: int) -> list[date]:
    end = first - timedelta(days=1)
    start = end.replace(day=1)
    return [start + timedelta(days=number) for number in range(min(count, end.day))]


def answer_sentence(
    month: MonthToDate,
    *,
    unit: str | None = None,
    usd_per_unit: float | None = None,
    unpriced_share: float | None = None,
) -> str:
    """Return the overview's answer in words: plain text, to be escaped like any other.

    Parameters
    ----------
    month
        From `month_to_date`.
    unit, usd_per_unit
        Unit of value and its fully loaded cost; None where there is no answer.
    unpriced_share
        Requests without a full price / requests; None where there are no requests.
    """
    name = calendar.month_name[month.as_of.month]
    if month.spend_usd is None:
        return f"No usage is known for {name} {month.as_of.year} up to {month.as_of.isoformat()}."
    parts = [f"{name} to day {month.as_of.day}: {_usd(month.spend_usd)} spent"]
    parts.append(f"{_compared(month)};")
    parts.append(
        f"at this pace {_usd(month.run_rate_month_end_usd or 0.0)} by month end ({month.run_rate_label})."
    )
    text = " ".join([f"{parts[0]},", *parts[1:]])
    if unit is not None:
        cost = "has no answer yet" if usd_per_unit is None else f"is {_usd_each(usd_per_unit)}"
        text += f" Cost per {unit} {cost}."
    if unpriced_share:
        text += f" {unpriced_share:.1%} of requests have no full price and are not in these sums."
    if month.missing_days:
        text += f" {month.missing_days} of {month.days_so_far} days have no data."
    return text


def _compared(month: MonthToDate) -> str:
    if month.change_ratio is None:
        return "not comparable with the month before"
    if abs(month.change_ratio) < 0.0005:
        return "as much as in the same days of the month before"
    word = "more" if month.change_ratio > 0 else "less"
    return f"{abs(month.change_ratio):.1%} {word} than in the same days of the month before"


def _usd(value: float) -> str:
    return f"USD {value:,.0f}" if abs(value) >= 100 else f"USD {value:,.2f}"


def _usd_each(value: float) -> str:
    return f"USD {value:,.2f}" if abs(value) >= 0.1 else f"USD {value:.4f}"
