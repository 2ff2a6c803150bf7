"""When one record may go and when it must be gone, its trigger events being known."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from workbench.models.retention.resolver import Bound, Resolution, Verdict, conflict_winner
from workbench.models.retention.rules import Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class DisposalWindow:
    """When one record may go and must be gone, its trigger events being known."""

    not_before: date | None
    """None: some trigger of a minimum has not happened, keep without a date."""
    not_after: date | None
    verdict: Verdict
    overriding: Rule | None
    reason: str


def disposal_window(resolution: Resolution, trigger_dates: Mapping[str, date]) -> DisposalWindow:
    """Return the window of one record from the days its triggers happened.

    Rules with different triggers become comparable only here, as calendar days. A legal hold
    overrides everything: there is no first day of disposal while it lasts.

    Parameters
    ----------
    resolution
        What `resolve` said of the record's series.
    trigger_dates
        Day of each trigger that has happened.
    """
    if resolution.series.on_hold:
        return DisposalWindow(
            not_before=None, not_after=None, verdict="feasible", overriding=None,
            reason="legal hold: disposal is suspended",
        )  # fmt: skip
    starts: list[tuple[date, Bound]] = []
    ends: list[tuple[date, Bound]] = []
    for band in resolution.bands:
        happened = trigger_dates.get(band.trigger)
        if band.lower is not None:
            if happened is None:
                return DisposalWindow(
                    not_before=None, not_after=None, verdict="feasible", overriding=None,
                    reason=f"{band.trigger} has not happened: keep without a date",
                )  # fmt: skip
            starts.append((_end(band.lower, happened, latest=True), band.lower))
        if band.upper is not None and happened is not None:
            ends.append((_end(band.upper, happened, latest=False), band.upper))
    return _window(starts, ends)


def crossing(resolution: Resolution) -> DisposalWindow | None:
    """Return the conflict of rules with different triggers, if every trigger falls on one day.

    That is the earliest a maximum may end. Records whose events lie apart may still be kept
    lawfully; `disposal_window` says so for each. None where nothing collides.
    """
    window = disposal_window(
        resolution, {band.trigger: resolution.as_of for band in resolution.bands}
    )
    in_one_band = any(band.verdict == "conflict" for band in resolution.bands)
    return window if window.verdict == "conflict" and not in_one_band else None


def _end(bound: Bound, happened: date, *, latest: bool) -> date:
    days = [rule.period.after(happened) for rule in bound.rules if rule.period is not None]
    return max(days) if latest else min(days)


def _window(starts: list[tuple[date, Bound]], ends: list[tuple[date, Bound]]) -> DisposalWindow:
    first = max(starts, key=lambda one: one[0], default=None)
    last = min(ends, key=lambda one: one[0], default=None)
    if first is None and last is None:
        verdict: Verdict = "no number in law"
        return DisposalWindow(
            not_before=None, not_after=None, verdict=verdict, overriding=None,
            reason="no rule names a number: the owner's stated period decides",
        )  # fmt: skip
    overriding, reason, verdict = None, "inside the law", "feasible"
    if first is not None and last is not None and first[0] > last[0]:
        verdict = "conflict"
        overriding, reason = conflict_winner(first[1], last[1])
    return DisposalWindow(
        not_before=first[0] if first else None,
        not_after=last[0] if last else None,
        verdict=verdict, overriding=overriding, reason=reason,
    )  # fmt: skip
