"""Which days a page shows, and sums over the snapshot's columns for them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from workbench.errors import InputError

ALL = "all"
BASES = {
    "contract": "contract_cost_usd", "list": "list_cost_usd",
    "reported": "reported_cost_usd", "billed": "billed_cost_usd",
}  # fmt: skip
Columns = Mapping[str, Sequence[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Days from first to last, both included."""

    name: str
    first: date
    last: date

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1

    @property
    def before(self) -> "Period":
        """The month before a whole month, else as many days before."""
        end = self.first - timedelta(days=1)
        whole = self.first.day == 1 and (self.last + timedelta(days=1)).day == 1
        first = end.replace(day=1) if whole else end - timedelta(days=self.days - 1)
        return Period(name="before", first=first, last=end)

    def holds(self, day: str) -> bool:
        """Say whether an ISO day lies in it."""
        return self.first.isoformat() <= day <= self.last.isoformat()


def last_day(state: Mapping[str, Any]) -> date:
    """Return the last complete day of the snapshot.

    Raises
    ------
    InputError
        If it holds no usage; the text says what to do.
    """
    if not state.get("as_of"):
        raise InputError(
            "No usage is in this workspace yet. Run `workbench ingest FILES`, then `workbench publish`."
        )
    return date.fromisoformat(str(state["as_of"]))


def periods(state: Mapping[str, Any]) -> list[Period]:
    """Return the months the snapshot has, newest first, then the last 30 and 90 days and all."""
    last = last_day(state)
    first = date.fromisoformat(str(state.get("first_day") or state["as_of"]))
    found, end = [], last
    while end >= first:
        start = max(end.replace(day=1), first)
        found.append(Period(name=f"{start:%B %Y}", first=start, last=end))
        end = end.replace(day=1) - timedelta(days=1)
    found += [
        Period(name=f"Last {n} days", first=last - timedelta(days=n - 1), last=last)
        for n in (30, 90)
        if last - timedelta(days=n - 1) >= first
    ]
    return [*found, Period(name="All days", first=first, last=last)]


def is_month(period: Period) -> bool:
    """Say whether it is a calendar month, whole or up to the last day with data."""
    return period.name not in ("Last 30 days", "Last 90 days", "All days")


def span_of(period: Period) -> dict[str, str]:
    """Return a period as the arguments of the snapshot's queries."""
    return {"first_day": period.first.isoformat(), "last_day": period.last.isoformat()}


def rows_of(columns: Columns, period: Period) -> list[int]:
    """Return the places of the rows whose day lies in the period."""
    first, last = period.first.isoformat(), period.last.isoformat()
    return [i for i, day in enumerate(columns["day"]) if first <= day <= last]


def total(columns: Columns, name: str, rows: Sequence[int]) -> float | None:
    """Sum a column over rows; None where none of them has a value."""
    known = [columns[name][i] for i in rows if columns[name][i] is not None]
    return float(sum(known)) if known else None


def sums_by(columns: Columns, name: str, by: str, period: Period) -> dict[str, float]:
    """Sum a column by the names in another, largest first."""
    sums: dict[str, float] = defaultdict(float)
    for i in rows_of(columns, period):
        sums[str(columns[by][i] or "(none)")] += float(columns[name][i] or 0.0)
    return dict(sorted(sums.items(), key=lambda item: -item[1]))
