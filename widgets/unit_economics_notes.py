"""What the unit economics page says beside its figures: where sliders stand, what is missing."""

import math
from collections.abc import Mapping
from typing import Any

from widgets.periods import Columns, Period, rows_of, total
from workbench.models.unit_economics import PeriodCounts, PricedVolumes


def shift_of(volumes: PricedVolumes) -> tuple[str, str] | None:
    """Return the dearest model and the cheapest a request that also reads text, if two do."""
    usd = volumes.usd.sum(axis=1)
    text = [
        i for i, c in enumerate(volumes.classes) if c in ("uncached_input_tokens", "output_tokens")
    ]
    able = [
        i for i in range(len(volumes.models))
        if volumes.requests[i] > 0 and not math.isnan(usd[i]) and volumes.units[i, text].all()
    ]  # fmt: skip
    if not text or len(able) < 2:
        return None
    dearest = max(able, key=lambda i: usd[i])
    cheapest = min(able, key=lambda i: usd[i] / volumes.requests[i])
    return None if dearest == cheapest else (volumes.models[dearest], volumes.models[cheapest])


def measured_of(
    counts: PeriodCounts, volumes: PricedVolumes, shift: tuple[str, str] | None
) -> dict[str, tuple[float | None, str]]:
    """Return where each slider stands, and what its reader is told; None switches it off."""
    cases, cached = counts.cases, volumes.cache_hit_rate
    people = counts.human.usd_per_case > 0
    escalation = counts.escalated / cases if cases and people else None
    return {
        "escalation": (escalation, "" if escalation is not None else "no outcomes in this selection"),
        "cache": (cached, "" if cached is not None else "no text input in this selection"),
        "shift": (0.0 if shift else None, f"from {shift[0]} to {shift[1]}, same tokens assumed; cached text at its input price if it has none used"
                  if shift else "one text model only"),
        "volume": (1.0, "times the period's; the platform's cost is fixed"),
    }  # fmt: skip


def notices_of(
    daily: Columns, period: Period, basis: str, column: str, counts: PeriodCounts,
    assumed: Mapping[str, Any], counted_by: str,
) -> list[str]:  # fmt: skip
    """Return what the reader must know before trusting the figures, a sentence each."""
    rows, found = rows_of(daily, period), []
    if counts.usage_usd is None:
        found.append(
            f"No {basis} cost is known here. Choose another cost basis or a longer period."
        )
    if basis == "reported" and counts.usage_usd is not None:
        stated = total(daily, "reported_requests", rows) or 0.0
        if stated < counts.requests:
            found.append(f"Only {stated:,.0f} of {counts.requests:,.0f} requests state a cost.")
    if basis == "billed" and counts.usage_usd is not None:
        invoiced = sum(daily["requests"][i] for i in rows if daily[column][i] is not None)
        if invoiced < sum(daily["requests"][i] for i in rows):
            found.append(
                f"An invoice covers the usage of {invoiced:,.0f} of {counts.requests:,.0f} requests; "
                "every cost below is short of the others."
            )
    if basis in ("reported", "billed") and counts.usage_usd is not None:
        found.append(f"Token classes have no {basis} cost: the contract's are scaled to its total.")
    if counts.unpriced_requests:
        models = sorted({str(daily["model"][i]) for i in rows
                         if daily["unpriced_requests"][i] or daily["partial_requests"][i]})  # fmt: skip
        listed = ", ".join(models[:3]) + (f" and {len(models) - 3} more" if len(models) > 3 else "")
        found.append(
            f"{counts.unpriced_requests:,.0f} of {counts.requests:,.0f} requests have no full price "
            f"({listed}); every cost below is short of them."
        )
    if counted_by == "resolved" and not assumed:
        found.append("No assumptions on human work, tools and platform: only AI usage is counted.")
    return found
