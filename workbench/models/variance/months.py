"""Two months of metering compared: price, volume and mix by unit, and the legs of token use.

A unit is added with its own kind only: tokens with tokens, images with images. The legs are in
USD, so those of all units may be added up.
"""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from workbench.errors import InputError
from workbench.models.variance.legs import PeriodUsage, UsageLegs, UsageOfModel, usage_legs
from workbench.models.variance.pvm import (
    Line,
    PriceVolumeMix,
    merged_lines,
    split_by_unit,
    with_successors,
)

TOKENS = "Mtok"
LEGS = ("volume", "mix", "price", "new", "discontinued")


@dataclass(frozen=True, slots=True, kw_only=True)
class MeteredLine:
    """One meter of one model in one feature over a month."""

    provider: str
    model: str
    meter: str
    feature: str
    quantity: float
    unit: str
    usd: float | None
    """At contract prices; None where it has no price."""
    list_usd: float | None

    @property
    def name(self) -> str:
        """Model and meter, as pages write them."""
        return f"{self.model} · {self.meter.replace('_', ' ')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthFacts:
    """What one month's metering comes to."""

    lines: tuple[MeteredLine, ...]
    features: Mapping[str, Mapping[str, float | None]]
    """By feature: requests, usd, unpriced."""
    users: float | None
    users_by_feature: Mapping[str, float]

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> "MonthFacts":
        """Return the facts from plain data."""
        return cls(
            lines=tuple(MeteredLine(**line) for line in content["lines"]),
            features=content["features"],
            users=content["users"],
            users_by_feature=content["users_by_feature"],
        )

    def of(self, feature: str | None) -> "MonthFacts":
        """Return one feature's part, or everything."""
        if feature is None:
            return self
        return MonthFacts(
            lines=tuple(line for line in self.lines if line.feature == feature),
            features={name: one for name, one in self.features.items() if name == feature},
            users=self.users_by_feature.get(feature),
            users_by_feature=self.users_by_feature,
        )

    @property
    def usd(self) -> float:
        """Contract cost of all priced lines, USD."""
        return math.fsum(line.usd for line in self.lines if line.usd is not None)

    @property
    def requests(self) -> float:
        """Requests of the month."""
        return math.fsum(float(one["requests"] or 0) for one in self.features.values())

    @property
    def unpriced(self) -> int:
        """Requests that lack all or part of a price: their cost is missing from every figure."""
        return sum(int(one["unpriced"] or 0) for one in self.features.values())

    def priced_lines(self) -> list[Line]:
        """Return the lines of price-volume-mix, one a feature, model and meter."""
        return merged_lines(_merged_with_surcharges(self.lines))


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A month against another."""

    before: MonthFacts
    after: MonthFacts
    split: PriceVolumeMix
    usage: UsageLegs | None
    """Legs of token use; None where a month has no users, requests or tokens."""
    lines: tuple[Sequence[Line], Sequence[Line]] = ((), ())
    """What was split: the lines of either month, under the name of what followed them."""


def compare(
    before: MonthFacts, after: MonthFacts, *, successors: Mapping[str, str] | None = None
) -> Comparison:
    """Split the change between two months; the legs sum to it.

    Parameters
    ----------
    successors
        Old model to new model; a line that followed another is compared with it, so that a
        migration shows as price and mix and not as discontinued and new.
    """
    lines = compared_lines(before, after, successors=successors)
    return Comparison(
        before=before, after=after, split=split_by_unit(*lines), usage=_usage(before, after),
        lines=lines,
    )  # fmt: skip


def compared_lines(
    before: MonthFacts, after: MonthFacts, *, successors: Mapping[str, str] | None = None
) -> tuple[list[Line], list[Line]]:
    """Return the lines of both months, each under the name of what followed it."""
    renames = _line_successors((before, after), successors or {})
    return (
        with_successors(before.priced_lines(), renames),
        with_successors(after.priced_lines(), renames),
    )


def months_variance(
    months: Mapping[str, MonthFacts],
    *,
    month: str | None = None,
    against: str | None = None,
    successors: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return the variance of a month against the one before it, as plain data.

    Raises
    ------
    InputError
        If there are fewer than two months, or no such month.
    """
    names = sorted(months)
    if len(names) < 2:
        raise InputError(
            "A variance needs two months of usage. Ingest more, or give --inputs FILE."
        )
    month = month or names[-1]
    for name in (month, against):
        if name is not None and name not in months:
            raise InputError(f"No usage in {name}; there is: {', '.join(names)}.")
    earlier = [name for name in names if name < month]
    if against is None and not earlier:
        raise InputError(f"{month} is the first month. Name another to compare it with.")
    against = against or earlier[-1]
    found = compare(months[against], months[month], successors=successors)
    split = found.split
    return {
        "month": month,
        "against": against,
        "base_usd": split.base_usd,
        "actual_usd": split.actual_usd,
        "total_variance": split.total,
        "residual": split.residual,
        **{leg: split.leg(leg) for leg in LEGS},
        "mix_within_features": split.leg("mix_within"),
        "mix_between_features": split.mix_between_teams,
        "price_at_base_quantity": split.leg("price_at_base_quantity"),
        "quantity_at_base_price": split.leg("quantity_at_base_price"),
        "joint": split.leg("joint"),
        "usage_legs": None if found.usage is None else asdict(found.usage),
        "unpriced_requests": {
            against: months[against].unpriced, month: months[month].unpriced,
        },
        "lines": [asdict(line) for line in split.lines],
    }  # fmt: skip


def _merged_with_surcharges(lines: Sequence[MeteredLine]) -> list[Line]:
    """Add up lines of one name; a surcharge has a cost and no quantity of its own."""
    quantity: dict[tuple[str, str, str], float] = defaultdict(float)
    usd: dict[tuple[str, str, str], float] = defaultdict(float)
    for line in lines:
        if line.usd is not None:
            key = (line.feature, line.name, line.unit)
            quantity[key] += line.quantity
            usd[key] += line.usd
    return [
        Line(name=name, team=feature, unit=unit, quantity=count,
             unit_price_usd=usd[feature, name, unit] / count)
        for (feature, name, unit), count in quantity.items()
        if count > 0
    ]  # fmt: skip


def _line_successors(months: Sequence[MonthFacts], successors: Mapping[str, str]) -> dict[str, str]:
    meters = {line.meter for month in months for line in month.lines}
    return {
        f"{old} · {meter.replace('_', ' ')}": f"{new} · {meter.replace('_', ' ')}"
        for old, new in successors.items()
        for meter in meters
    }


def _usage(before: MonthFacts, after: MonthFacts) -> UsageLegs | None:
    periods = [_period(before), _period(after)]
    if any(one is None for one in periods):
        return None
    base, actual = (one for one in periods if one is not None)
    return usage_legs(base, actual)


def _period(month: MonthFacts) -> PeriodUsage | None:
    by_model: dict[str, list[MeteredLine]] = defaultdict(list)
    for line in month.lines:
        if line.unit == TOKENS and line.usd is not None:
            by_model[f"{line.provider}/{line.model}"].append(line)
    models = {name: _model(lines) for name, lines in by_model.items()}
    mtok = math.fsum(value for model in models.values() for value in model.mtok.values())
    if not month.users or month.requests <= 0 or mtok <= 0:
        return None
    return PeriodUsage(users=month.users, requests=month.requests, models=models)


def _model(lines: Sequence[MeteredLine]) -> UsageOfModel:
    mtok: dict[str, float] = defaultdict(float)
    listed: dict[str, float] = defaultdict(float)
    for line in lines:
        mtok[line.meter] += line.quantity
        listed[line.meter] += _list_usd(line)
    list_usd = math.fsum(listed.values())
    contract = math.fsum(line.usd or 0.0 for line in lines)
    return UsageOfModel(
        mtok={meter: value for meter, value in mtok.items() if value > 0},
        list_usd_per_mtok={
            meter: listed[meter] / value for meter, value in mtok.items() if value > 0
        },
        discount=1 - contract / list_usd if list_usd else 0.0,
    )


def _list_usd(line: MeteredLine) -> float:
    """Where only the contract has a price there is no discount to speak of."""
    return (line.usd or 0.0) if line.list_usd is None else line.list_usd
