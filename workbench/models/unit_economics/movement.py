"""Where the cost sits and where it moves: by model and class, by day, between two periods."""

from collections.abc import Mapping, Sequence

import numpy as np

from workbench.models.unit_economics.counted import cost_per
from workbench.models.unit_economics.volumes import PricedVolumes

TREND_WINDOW_DAYS = 7


def cost_table(volumes: PricedVolumes) -> tuple[tuple[str, str, float, float | None], ...]:
    """Return (model, class, units, US dollars) of everything used, dearest first.

    A used class without a price has None and stands first: it is what is missing.
    """
    rows = [
        (model, name, float(units), None if np.isnan(usd) else float(usd))
        for model, units_row, usd_row in zip(
            volumes.models, volumes.units, volumes.usd, strict=True
        )
        for name, units, usd in zip(volumes.classes, units_row, usd_row, strict=True)
        if units > 0
    ]
    return tuple(
        sorted(rows, key=lambda row: (row[3] is not None, -(row[3] or 0.0), row[0], row[1]))
    )


def daily_trend(
    days: Sequence[str],
    usd: Sequence[float],
    units: Sequence[float | None],
    *,
    window_days: int = TREND_WINDOW_DAYS,
) -> tuple[tuple[str, float, float | None, float | None], ...]:
    """Return (day, US dollars, per unit, per unit over the trailing window).

    The window is a ratio of sums, never a mean of daily ratios, and is None until it is full
    or while it holds a day whose units are not known.
    """
    points = []
    for index, (day, day_usd, day_units) in enumerate(zip(days, usd, units, strict=True)):
        start = index + 1 - window_days
        window = None
        if start >= 0:
            known = [value for value in units[start : index + 1] if value is not None]
            total = sum(known) if len(known) == window_days else None
            window = cost_per(float(sum(usd[start : index + 1])), total)
        points.append((day, float(day_usd), cost_per(float(day_usd), day_units), window))
    return tuple(points)


def top_movers(
    before_usd: Mapping[str, float], after_usd: Mapping[str, float], *, at_most: int = 5
) -> tuple[tuple[str, float, float, float], ...]:
    """Return (name, before, after, change) of the largest changes; the rest is the last row.

    A name that is in one period only counts as 0 in the other. The changes add up to the
    change of the total.
    """
    names = sorted(set(before_usd) | set(after_usd))
    rows = [(name, before_usd.get(name, 0.0), after_usd.get(name, 0.0)) for name in names]
    rows.sort(key=lambda row: (-abs(row[2] - row[1]), row[0]))
    shown = [(name, before, after, after - before) for name, before, after in rows[:at_most]]
    rest = rows[at_most:]
    if rest:
        before, after = sum(row[1] for row in rest), sum(row[2] for row in rest)
        shown.append((f"{len(rest)} others", before, after, after - before))
    return tuple(shown)
