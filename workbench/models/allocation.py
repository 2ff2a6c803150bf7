"""Who pays for what: ordered rules, cents that add up, and what nobody was found for.

A rule is a direct tag, a usage driver or an even split; it applies on dates in
[valid_from, valid_to) and the first one that can answer wins. What no rule can place stays
visible as unallocated and is never spread silently.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from fractions import Fraction
from typing import Literal

from workbench.errors import InputError, shown

UNALLOCATED = "unallocated"
CENT = Decimal("0.01")
MOST_DIGITS = 400
"""Digits before or after the point of a weight, wider than floats; more would be slow to share by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocationRule:
    """One way to find who pays."""

    name: str
    kind: Literal["direct", "driver", "even"]
    valid_from: date | None = None
    valid_to: date | None = None
    """The first day on which the rule no longer applies."""
    source: str | None = None
    """The cost source it is for; None for all."""
    weights: Mapping[str, float] = field(default_factory=dict)
    """Driver: usage by payer. Even: the payers, weights ignored. Direct: not used."""

    def applies(self, cost: "Cost") -> bool:
        """Whether the rule is in force for this cost's source and day."""
        return (
            (self.source is None or self.source == cost.source)
            and (self.valid_from is None or cost.day >= self.valid_from)
            and (self.valid_to is None or cost.day < self.valid_to)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """An amount to place; `tag` names the payer where the record itself says it."""

    source: str
    day: date
    usd: Decimal
    tag: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """What one payer bears of one cost, and by which rule."""

    payer: str
    usd: Decimal
    source: str
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """Every cent of the costs, placed once."""

    placements: tuple[Placement, ...]

    def by_payer(self) -> dict[str, Decimal]:
        """Return USD by payer, unallocated last and always there."""
        totals: dict[str, Decimal] = {}
        for placement in self.placements:
            totals[placement.payer] = totals.get(placement.payer, Decimal(0)) + placement.usd
        rest = totals.pop(UNALLOCATED, Decimal(0))
        return {**dict(sorted(totals.items())), UNALLOCATED: rest}


def largest_remainder(pool_usd: Decimal, weights: Mapping[str, float]) -> dict[str, Decimal]:
    """Share a pool by weight in whole cents that add up to it.

    Each share is pool * weight / sum of weights, cut to cents; the cents left over go to the
    largest remainders, ties by name. A negative pool (a credit) is shared as its amount.

    Raises
    ------
    InputError
        If a weight is negative or not a number, or all are zero.

    Examples
    --------
    >>> {k: str(v) for k, v in largest_remainder(Decimal("1.00"), {"b": 1, "a": 1, "c": 1}).items()}
    {'b': '0.33', 'a': '0.34', 'c': '0.33'}
    """
    exact = {name: exact_weight(name, weight) for name, weight in weights.items()}
    total = sum(exact.values(), Fraction(0))
    if total == 0:
        raise InputError("All weights are 0, so nobody can be charged by them. Use an even split.")
    pool = pool_usd.quantize(CENT, rounding=ROUND_HALF_EVEN)
    sign = -1 if pool < 0 else 1
    cents = int(abs(pool) / CENT)
    quotas = {name: cents * weight / total for name, weight in exact.items()}
    shares = {name: int(quota) for name, quota in quotas.items()}
    by_remainder = sorted(quotas, key=lambda name: (shares[name] - quotas[name], name))
    for name in by_remainder[: cents - sum(shares.values())]:
        shares[name] += 1
    return {name: sign * share * CENT for name, share in shares.items()}


def exact_weight(name: str, weight: object) -> Fraction:
    """Return a weight exactly as it is written.

    Raises
    ------
    InputError
        If it is negative, no number, or beyond `MOST_DIGITS`.
    """
    try:
        exact = Decimal(str(weight))
    except InvalidOperation:
        exact = Decimal("NaN")
    if not exact.is_finite():
        raise InputError(f"The weight of {name!r} is {str(weight)[:60]}, not a number.")
    if exact < 0:
        raise InputError(
            f"The weight of {name!r} is {str(weight)[:60]}; weights must be at least 0."
        )
    if exact and abs(exact.adjusted()) > MOST_DIGITS:
        raise InputError(
            f"The weight of {name!r} is {str(weight)[:60]}; "
            f"weights must lie within 1e-{MOST_DIGITS} and 1e{MOST_DIGITS}, or be 0."
        )
    return Fraction(exact) if exact else Fraction(0)


def allocate(costs: Sequence[Cost], rules: Sequence[AllocationRule]) -> Allocation:
    """Place every cost by the first rule in force that can answer.

    A direct rule answers when the cost has a tag, a driver rule when its weights are not all
    zero, an even rule when it names a payer.
    """
    placements: list[Placement] = []
    for cost in costs:
        placements += _place(cost, rules)
    return Allocation(placements=tuple(placements))


def refuse_overlap(rules: Sequence[AllocationRule]) -> None:
    """Refuse two rules of one name in force on the same day, which nobody could explain.

    Raises
    ------
    InputError
        Naming the rules.
    """
    clashing = [
        one.name
        for index, one in enumerate(rules)
        for other in rules[index + 1 :]
        if one.name == other.name and _meet(one, other)
    ]
    if clashing:
        raise InputError(f"Rules in force twice on the same day: {shown(clashing)}.")


def _place(cost: Cost, rules: Sequence[AllocationRule]) -> list[Placement]:
    for rule in rules:
        if rule.applies(cost) and (shares := _shares(cost, rule)):
            return [
                Placement(payer=payer, usd=usd, source=cost.source, rule=rule.name)
                for payer, usd in shares.items()
            ]
    return [Placement(payer=UNALLOCATED, usd=cost.usd, source=cost.source, rule="none")]


def _shares(cost: Cost, rule: AllocationRule) -> dict[str, Decimal]:
    if rule.kind == "direct":
        return {cost.tag: cost.usd} if cost.tag else {}
    if rule.kind == "even":
        return _with_rest(cost, dict.fromkeys(rule.weights, 1.0)) if rule.weights else {}
    used = any(exact_weight(payer, weight) for payer, weight in rule.weights.items())
    return _with_rest(cost, rule.weights) if used else {}


def _with_rest(cost: Cost, weights: Mapping[str, float]) -> dict[str, Decimal]:
    """Share whole cents; what is below a cent stays unallocated, so that nothing is lost."""
    shares = largest_remainder(cost.usd, weights)
    rest = cost.usd - sum(shares.values(), Decimal(0))
    return {**shares, UNALLOCATED: rest} if rest else shares


def _meet(one: AllocationRule, other: AllocationRule) -> bool:
    start = max(one.valid_from or date.min, other.valid_from or date.min)
    end = min(one.valid_to or date.max, other.valid_to or date.max)
    return start < end and (one.source is None or other.source in (None, one.source))
