"""How much of a cost change is volume, mix, price, and models that came or went.

A line is one priced thing in one team: usually model x token class. Quantities of one unit
only are added, so tokens never meet requests. Positive means the cost rose, which is adverse.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from workbench.errors import InputError, shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Quantity and price of one line in one period."""

    name: str
    quantity: float
    """In `unit`; never negative (a credit is a one-off, not a quantity)."""
    unit_price_usd: float
    team: str = ""
    unit: str = "Mtok"

    def __post_init__(self) -> None:
        if not (math.isfinite(self.quantity) and self.quantity >= 0):
            raise InputError(
                f"Line {self.name!r}: quantity must be a number of at least 0, got {self.quantity}. "
                "Book a credit as a one-off step of the bridge."
            )
        if not math.isfinite(self.unit_price_usd):
            raise InputError(f"Line {self.name!r}: price is {self.unit_price_usd}, not a number.")

    @property
    def key(self) -> tuple[str, str]:
        """The team and name that say two periods' lines are the same line."""
        return self.team, self.name

    @property
    def cost_usd(self) -> float:
        """Quantity times price."""
        return self.quantity * self.unit_price_usd


@dataclass(frozen=True, slots=True, kw_only=True)
class LineVariance:
    """One line's share of the change, in USD; a leg that does not apply is 0."""

    name: str
    team: str
    volume: float = 0.0
    mix: float = 0.0
    """Against the base price itself."""
    mix_relative: float = 0.0
    """Against the average base price: negative where share moved to a cheap line."""
    mix_within: float = 0.0
    """The part of `mix` from share moving between the lines of one team."""
    price: float = 0.0
    new: float = 0.0
    discontinued: float = 0.0
    price_at_base_quantity: float = 0.0
    quantity_at_base_price: float = 0.0
    joint: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceVolumeMix:
    """The change between two periods, by line; every total is the sum of its lines."""

    base_usd: float
    actual_usd: float
    lines: tuple[LineVariance, ...]

    def leg(self, name: str) -> float:
        """Return one leg summed over the lines, USD; `name` is a field of `LineVariance`."""
        return math.fsum(getattr(line, name) for line in self.lines)

    @property
    def total(self) -> float:
        """Actual less base, USD; positive is adverse."""
        return self.actual_usd - self.base_usd

    @property
    def residual(self) -> float:
        """What the legs leave unexplained, USD: zero but for the last bits of a float."""
        legs = ("volume", "mix", "price", "new", "discontinued")
        return self.total - math.fsum(self.leg(name) for name in legs)

    @property
    def mix_between_teams(self) -> float:
        """The part of the mix from usage moving between teams, USD."""
        return self.leg("mix") - self.leg("mix_within")


def price_volume_mix(base: Sequence[Line], actual: Sequence[Line]) -> PriceVolumeMix:
    """Split a change of cost into legs that sum to it without a residual.

    Over C, the lines with a quantity in both periods, with Q the sum of their quantities:

        volume_i = (Q1 - Q0) * (q0_i / Q0) * p0_i
        mix_i    = (q1_i - Q1 * q0_i / Q0) * p0_i      relative: * (p0_i - P0)
        price_i  = (p1_i - p0_i) * q1_i
        new = sum q1 * p1          discontinued = -sum q0 * p0     (lines outside C)

    The three-way variant of the same lines shows the joint effect as a leg of its own:
    price at base quantity, quantity at base price, and (p1 - p0) * (q1 - q0).

    Parameters
    ----------
    base, actual
        Lines of either period, all in one unit; a repeated line is added up. Map renamed
        models with `with_successors` first, or a migration hides as discontinued plus new.

    Raises
    ------
    InputError
        If the lines are in more than one unit.

    Examples
    --------
    >>> split = price_volume_mix(
    ...     [Line(name="a", quantity=10, unit_price_usd=2)],
    ...     [Line(name="a", quantity=15, unit_price_usd=3)])
    >>> split.leg("volume"), split.leg("mix"), split.leg("price"), split.total
    (10.0, 0.0, 15.0, 25.0)
    """
    _refuse_mixed_units((*base, *actual))
    before, after = _merged(base), _merged(actual)
    common = [key for key in before if key in after]
    totals = _Totals.of([before[key] for key in common], [after[key] for key in common])
    lines = [_continuing(before[key], after[key], totals) for key in common]
    lines += [
        LineVariance(name=line.name, team=line.team, discontinued=-line.cost_usd)
        for key, line in before.items()
        if key not in after
    ]
    lines += [
        LineVariance(name=line.name, team=line.team, new=line.cost_usd)
        for key, line in after.items()
        if key not in before
    ]
    return PriceVolumeMix(
        base_usd=math.fsum(line.cost_usd for line in before.values()),
        actual_usd=math.fsum(line.cost_usd for line in after.values()),
        lines=tuple(lines),
    )


def split_by_unit(base: Sequence[Line], actual: Sequence[Line]) -> PriceVolumeMix:
    """Split lines of several units, each among its own kind; the legs, in USD, are added up.

    Tokens never meet images: volume and mix are those within a unit.
    """
    units = sorted({line.unit for line in (*base, *actual)})
    parts = [
        price_volume_mix(
            [line for line in base if line.unit == unit],
            [line for line in actual if line.unit == unit],
        )
        for unit in units
    ]
    return PriceVolumeMix(
        base_usd=math.fsum(part.base_usd for part in parts),
        actual_usd=math.fsum(part.actual_usd for part in parts),
        lines=tuple(line for part in parts for line in part.lines),
    )


def with_successors(lines: Iterable[Line], successors: Mapping[str, str]) -> list[Line]:
    """Rename each line's model to what replaced it, so that a migration compares like with like.

    Parameters
    ----------
    lines
        Lines of the earlier period.
    successors
        Predecessor's name to successor's; chains are followed to their end.

    Raises
    ------
    InputError
        If the chain of successors runs in a circle.
    """
    return merged_lines(
        replace(line, name=_last_successor(line.name, successors)) for line in lines
    )


def merged_lines(lines: Iterable[Line]) -> list[Line]:
    """Add up repeated lines at their average price; a line without quantity does not exist."""
    return list(_merged(lines).values())


@dataclass(frozen=True, slots=True, kw_only=True)
class FxVariance:
    """A change of a foreign bill in the reporting currency, USD."""

    operating: float
    fx: float

    @property
    def total(self) -> float:
        """Both effects together."""
        return self.operating + self.fx


def fx_variance(
    *, local_base: float, local_actual: float, fx_budget: float, fx_actual: float
) -> FxVariance:
    """Split a foreign bill's change into what was used and what the currency did.

        operating = (L1 - L0) * fx0        fx = (fx1 - fx0) * L1

    Rates are reporting currency per unit of local currency.

    Examples
    --------
    >>> fx_variance(local_base=100.0, local_actual=120.0, fx_budget=1.0, fx_actual=1.5)
    FxVariance(operating=20.0, fx=60.0)
    """
    return FxVariance(
        operating=(local_actual - local_base) * fx_budget,
        fx=(fx_actual - fx_budget) * local_actual,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Totals:
    base: float
    actual: float
    base_average_price: float
    team_base: Mapping[str, float]
    team_actual: Mapping[str, float]

    @classmethod
    def of(cls, base: Sequence[Line], actual: Sequence[Line]) -> "_Totals":
        quantity = math.fsum(line.quantity for line in base)
        cost = math.fsum(line.cost_usd for line in base)
        return cls(
            base=quantity,
            actual=math.fsum(line.quantity for line in actual),
            base_average_price=cost / quantity if base else 0.0,
            team_base=_by_team(base),
            team_actual=_by_team(actual),
        )


def _continuing(before: Line, after: Line, totals: _Totals) -> LineVariance:
    share = before.quantity / totals.base
    team_share = before.quantity / totals.team_base[before.team]
    moved = after.quantity - totals.actual * share
    moved_within = after.quantity - totals.team_actual[before.team] * team_share
    price_step = after.unit_price_usd - before.unit_price_usd
    quantity_step = after.quantity - before.quantity
    return LineVariance(
        name=before.name,
        team=before.team,
        volume=(totals.actual - totals.base) * share * before.unit_price_usd,
        mix=moved * before.unit_price_usd,
        mix_relative=moved * (before.unit_price_usd - totals.base_average_price),
        mix_within=moved_within * before.unit_price_usd,
        price=price_step * after.quantity,
        price_at_base_quantity=price_step * before.quantity,
        quantity_at_base_price=quantity_step * before.unit_price_usd,
        joint=price_step * quantity_step,
    )


def _by_team(lines: Sequence[Line]) -> dict[str, float]:
    totals: dict[str, float] = defaultdict(float)
    for line in lines:
        totals[line.team] += line.quantity
    return totals


def _merged(lines: Iterable[Line]) -> dict[tuple[str, str], Line]:
    merged: dict[tuple[str, str], Line] = {}
    for line in lines:
        if line.quantity == 0:
            continue
        other = merged.get(line.key)
        if other is None:
            merged[line.key] = line
            continue
        quantity = other.quantity + line.quantity
        price = (other.cost_usd + line.cost_usd) / quantity
        merged[line.key] = replace(line, quantity=quantity, unit_price_usd=price)
    return merged


def _last_successor(name: str, successors: Mapping[str, str]) -> str:
    seen = [name]
    while (following := successors.get(seen[-1])) is not None:
        if following in seen:
            raise InputError(f"The successors of {name!r} run in a circle: {shown(seen)}.")
        seen.append(following)
    return seen[-1]


def _refuse_mixed_units(lines: Iterable[Line]) -> None:
    units = sorted({line.unit for line in lines})
    if len(units) > 1:
        raise InputError(
            f"Lines in {shown(units)} cannot be added up. Split the bridge by unit and join the bars."
        )
