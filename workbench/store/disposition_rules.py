"""How long a data class is kept, what holds it, and what follows for one month of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

Decision = Literal["dispose", "keep"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How long one data class is kept, and by which rules."""

    data_class: str
    keep_days: int | None
    """The owner's period; None: none is stated, so nothing goes."""
    minimum_days: int = 0
    """The law's lower bound, from the resolver."""
    rule_ids: tuple[str, ...] = ()
    unstated: tuple[str, ...] = ()
    """Features that have such records and state no period, where that is why none goes."""
    counts_from_record: bool = True
    """Whether the period counts from the record's own day; else its trigger must be known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A legal hold: it suspends disposal and overrides every period."""

    name: str
    data_class: str = "*"
    """Class it holds; `*` is all."""
    since: date | None = None
    until: date | None = None
    """Days of the records it covers, inclusive; None is open."""

    def covers(self, data_class: str, first: date, last: date) -> bool:
        """Return whether any record of the class between two days is held."""
        if self.data_class not in ("*", data_class):
            return False
        after_start = self.since is None or last >= self.since
        return after_start and (self.until is None or first <= self.until)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One file, and what becomes of it."""

    file: str
    """Below the store."""
    data_class: str
    month: str
    rows: int | None
    """None where it is no Parquet file."""
    bytes: int
    sha256: str
    decision: Decision
    reason: str
    rule_ids: tuple[str, ...]


def decide(
    policy: Policy | None, data_class: str, month: str, *, holds: Sequence[Hold], as_of: date
) -> tuple[Decision, str]:
    """Return what becomes of a month (`2026-10`) of a data class on a day, and why."""
    try:
        first = date.fromisoformat(f"{month}-01")
    except ValueError:
        return "keep", f"{month!r} is no month, so its age is not known"
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    held = next((hold for hold in holds if hold.covers(data_class, first, last)), None)
    if held is not None:
        return "keep", f"legal hold {held.name}"
    if policy is None or policy.keep_days is None:
        by = f" by {', '.join(policy.unstated)}" if policy and policy.unstated else ""
        return "keep", f"no period is stated for this class{by}"
    if not policy.counts_from_record:
        return "keep", "its period counts from an event that is not recorded here"
    days = max(policy.keep_days, policy.minimum_days)
    ends = last + timedelta(days=days)
    by = "the law's minimum" if policy.minimum_days > policy.keep_days else "the stated period"
    if as_of <= ends:
        return "keep", f"{by} of {days} days ends on {ends}"
    return "dispose", f"{by} of {days} days ended on {ends}"
