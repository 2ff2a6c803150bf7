"""Which part of a cost change came from users, habits, cache, models, price, discount and FX.

    cost = users * requests/user * tokens/request
           * sum over models of share * sum over token classes of share * list price
           * (1 - discount) * fx

Each factor moves from its base to its actual value; the change of the product is the leg.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Literal

from workbench.errors import InputError, shown

LEGS = (
    "users",
    "requests_per_user",
    "tokens_per_request",
    "cache_share",
    "model_mix",
    "list_price",
    "discount",
    "fx",
)
"""In the order of the bridge, from what people did to what the market did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageOfModel:
    """One model's tokens and list prices in one period, by token class (input, cache read, …)."""

    mtok: Mapping[str, float]
    list_usd_per_mtok: Mapping[str, float]
    discount: float = 0.0
    """Fraction off list from contract or commitment; negative where a shortfall is paid."""

    def __post_init__(self) -> None:
        unpriced = sorted(set(self.mtok) - set(self.list_usd_per_mtok))
        if unpriced:
            raise InputError(f"No list price for {shown(unpriced)}; unpriced usage is never zero.")
        if any(value < 0 for value in self.mtok.values()):
            raise InputError("Tokens are negative; quantities must be at least 0.")


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodUsage:
    """What was used in one period."""

    users: float
    requests: float
    models: Mapping[str, UsageOfModel]
    fx: float = 1.0
    """Reporting currency per unit of billing currency."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageLegs:
    """The change by leg; the legs sum to actual less base."""

    base_usd: float
    actual_usd: float
    legs: Mapping[str, float]
    method: Literal["sequential", "shapley"]

    @property
    def total(self) -> float:
        """Actual less base, USD; positive is adverse."""
        return self.actual_usd - self.base_usd


def usage_legs(
    base: PeriodUsage,
    actual: PeriodUsage,
    *,
    method: Literal["sequential", "shapley"] = "sequential",
) -> UsageLegs:
    """Split a change of cost over the eight legs from users to FX.

    `sequential` moves one factor after another in the order of `LEGS`: easy to retell, but
    the split depends on that order. `shapley` averages over all orders, so it does not.
    A model in only one period takes its prices, classes and discount from that period, so it
    shows as model mix and never as a price change.

    References
    ----------
    L. S. Shapley, "A Value for n-Person Games", Contributions to the Theory of Games II, 1953.
    """
    before, after = _factors(base, actual), _factors(actual, base)
    cost = _cached_cost(before, after)
    if method == "sequential":
        values = [cost(set(LEGS[:count])) for count in range(len(LEGS) + 1)]
        legs = {
            leg: later - earlier
            for leg, earlier, later in zip(LEGS, values[:-1], values[1:], strict=True)
        }
    else:
        legs = {leg: _shapley(leg, cost) for leg in LEGS}
    return UsageLegs(base_usd=cost(set()), actual_usd=cost(set(LEGS)), legs=legs, method=method)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Factors:
    users: float
    requests_per_user: float
    tokens_per_request: float
    cache_share: Mapping[str, Mapping[str, float]]
    model_mix: Mapping[str, float]
    list_price: Mapping[str, Mapping[str, float]]
    discount: Mapping[str, float]
    fx: float

    def cost(self) -> float:
        usd_per_mtok = math.fsum(
            share
            * (1 - self.discount[model])
            * math.fsum(
                class_share * self.list_price[model][name]
                for name, class_share in self.cache_share[model].items()
            )
            for model, share in self.model_mix.items()
        )
        mtok = self.users * self.requests_per_user * self.tokens_per_request
        return mtok * usd_per_mtok * self.fx


def _factors(period: PeriodUsage, other: PeriodUsage) -> _Factors:
    models = {**other.models, **period.models}
    mtok = {name: math.fsum(model.mtok.values()) for name, model in period.models.items()}
    total = math.fsum(mtok.values())
    if period.users <= 0 or period.requests <= 0 or total <= 0:
        raise InputError(
            "A period needs users, requests and tokens above 0 to be split into legs. "
            "Use price-volume-mix: there it shows as new or discontinued."
        )
    return _Factors(
        users=period.users,
        requests_per_user=period.requests / period.users,
        tokens_per_request=total / period.requests,
        cache_share={
            name: _class_shares(period.models.get(name), other.models.get(name)) for name in models
        },
        model_mix={name: mtok.get(name, 0.0) / total for name in models},
        list_price={
            name: {
                **(dict(other.models[name].list_usd_per_mtok) if name in other.models else {}),
                **models[name].list_usd_per_mtok,
            }
            for name in models
        },
        discount={name: model.discount for name, model in models.items()},
        fx=period.fx,
    )


def _class_shares(model: UsageOfModel | None, other: UsageOfModel | None) -> dict[str, float]:
    for candidate in (model, other):
        if candidate is not None and (total := math.fsum(candidate.mtok.values())) > 0:
            return {name: value / total for name, value in candidate.mtok.items()}
    return {}


def _cached_cost(before: _Factors, after: _Factors) -> Callable[[set[str]], float]:
    known: dict[frozenset[str], float] = {}

    def cost(moved: set[str]) -> float:
        key = frozenset(moved)
        if key not in known:
            known[key] = replace(before, **{leg: getattr(after, leg) for leg in key}).cost()
        return known[key]

    return cost


def _shapley(leg: str, cost: Callable[[set[str]], float]) -> float:
    others: Sequence[str] = [name for name in LEGS if name != leg]
    count = len(LEGS)
    terms = []
    for size in range(count):
        weight = math.factorial(size) * math.factorial(count - size - 1) / math.factorial(count)
        terms += [
            weight * (cost({*chosen, leg}) - cost(set(chosen)))
            for chosen in combinations(others, size)
        ]
    return math.fsum(terms)
