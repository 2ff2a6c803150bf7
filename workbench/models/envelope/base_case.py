"""What the cost tree comes to with every input at its P50: the case a spreadsheet can follow."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from workbench.models.envelope.tree import CostLine, CostTree, Event

LIKELY = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseCase:
    """Every step from driver to total by month, money in USD."""

    drivers: Mapping[str, tuple[float, ...]]
    prices: Mapping[str, tuple[float, ...]]
    """USD a unit in force."""
    events: Mapping[str, tuple[float, ...]]
    """Factor of each event that is likelier than not; 1 before it begins."""
    lines: Mapping[str, tuple[float, ...]]
    unused: Mapping[str, tuple[float, ...]]
    """Committed and not used."""
    one_offs: Mapping[str, tuple[float, ...]]
    fixed: Mapping[str, tuple[float, ...]]

    @property
    def by_month(self) -> tuple[float, ...]:
        """Total USD by month."""
        parts = (self.lines, self.unused, self.one_offs, self.fixed)
        rows = [row for part in parts for row in part.values()]
        return tuple(math.fsum(column) for column in zip(*rows, strict=True))

    @property
    def total(self) -> float:
        """Total USD of the span."""
        return math.fsum(self.by_month)


def likely_events(tree: CostTree) -> list[Event]:
    """Return the events that the base case counts on: likelier than not, and within the span."""
    return [
        event
        for event in tree.events
        if event.probability > LIKELY and start_month(event) < tree.months
    ]


def start_month(event: Event) -> int:
    """Return the month in which the base case lets an event begin: the middle of its span."""
    return (event.first_month + event.last_month) // 2


def base_case(tree: CostTree, values: Mapping[str, float] | None = None) -> BaseCase:
    """Follow the tree with every input at its P50, or at the value given for it.

    Parameters
    ----------
    tree
        The cost tree; its month to month shocks are left out.
    values
        Level of a driver or factor of an event by name, in place of its P50.
    """
    given = values or {}
    months = range(tree.months)
    levels = {driver.name: given.get(driver.name, driver.leaf.p50) for driver in tree.drivers}
    drivers = {
        driver.name: tuple(
            levels[driver.name] * (1 + driver.monthly_growth) ** month for month in months
        )
        for driver in tree.drivers
    }
    events = {
        event.name: tuple(
            given.get(event.name, event.factor.p50) if month >= start_month(event) else 1.0
            for month in months
        )
        for event in likely_events(tree)
    }
    prices = {line.name: tuple(line.price_at(month) for month in months) for line in tree.lines}
    hits = {
        line.name: [events[event.name] for event in likely_events(tree) if line.name in event.lines]
        for line in tree.lines
    }
    lines = {
        line.name: tuple(
            _volume(line, drivers, month)
            * math.prod(factors[month] for factors in hits[line.name])
            * prices[line.name][month]
            for month in months
        )
        for line in tree.lines
    }
    return BaseCase(
        drivers=drivers,
        prices=prices,
        events=events,
        lines=lines,
        unused={
            part.name: tuple(
                max(0.0, part.usd_per_month - math.fsum(lines[name][month] for name in part.lines))
                for month in months
            )
            for part in tree.commitments
        },
        one_offs={
            event.name: tuple(
                event.one_off_usd if month == start_month(event) else 0.0 for month in months
            )
            for event in likely_events(tree)
        },
        fixed={cost.name: cost.usd_by_month for cost in tree.fixed},
    )


def _volume(line: CostLine, drivers: Mapping[str, tuple[float, ...]], month: int) -> float:
    return (
        math.prod(drivers[name][month] for name in line.drivers)
        * math.prod(1 - drivers[name][month] for name in line.complements)
        * math.prod(1 + drivers[name][month] for name in line.uplifts)
    )
