"""How the corrections that users report are dealt with."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """One answer a user corrected; times in days since any common origin."""

    reported_day: float
    triaged_day: float | None = None
    fixed_day: float | None = None
    confirmed: bool = False
    evaluation_cases: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackLoop:
    """How corrections are dealt with."""

    corrections: int
    triaged_share: float
    """Triaged within the limit; one still inside the limit on the day asked is left out."""
    median_days_to_fix: float | None
    confirmed: int
    confirmed_with_case: int


def feedback_loop(
    corrections: Sequence[Correction], *, as_of_day: float, triage_days: float = 14
) -> FeedbackLoop | None:
    """Return how fast corrections are triaged and fixed; None when none is old enough to judge."""
    due = [
        c
        for c in corrections
        if c.triaged_day is not None or as_of_day - c.reported_day > triage_days
    ]
    if not due:
        return None
    triaged = [
        c
        for c in due
        if c.triaged_day is not None and c.triaged_day - c.reported_day <= triage_days
    ]
    fixes = sorted(c.fixed_day - c.reported_day for c in due if c.fixed_day is not None)
    middle = len(fixes) // 2
    median = None
    if fixes:
        median = fixes[middle] if len(fixes) % 2 else (fixes[middle - 1] + fixes[middle]) / 2
    confirmed = [c for c in due if c.confirmed]
    return FeedbackLoop(
        corrections=len(due), triaged_share=len(triaged) / len(due), median_days_to_fix=median,
        confirmed=len(confirmed),
        confirmed_with_case=sum(c.evaluation_cases > 0 for c in confirmed),
    )  # fmt: skip
