"""Which part of a cost change came from users, habits, cache, models, price, discount and FX.

    cost = users * requests/user * tokens/request
           * sum over models of share * sum over token classes of share * list price
           * (1 - discount) * fx

Each factor moves from its base to its actual value; the change of the product is the leg.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
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
class LegRow:
    """One token class of one model behind a leg: the rows of a leg sum to it."""

    model: str
    token_class: str
    before: float | None
    """What the leg moves, in the earlier period; None where the model or class was not there."""
    after: float | None
    usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageLegs:
    """The change by leg; the legs sum to actual less base."""

    base_usd: float
    actual_usd: float
    legs: Mapping[str, float]
    method: Literal["sequential", "shapley"]
    rows: Mapping[str, tuple[LegRow, ...]] = field(default_factory=dict)
    """By leg, and under "base" and "actual" what either period cost (before and after in Mtok)."""

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
    terms = _cached_terms(before, after)
    weights = _in_order if method == "sequential" else _in_all_orders
    moved = {leg: _moved(leg, terms, weights(leg)) for leg in LEGS}
    base_usd, actual_usd = (math.fsum(terms(set(done)).values()) for done in ((), LEGS))
    rows = {
        leg: tuple(
            LegRow(model=model, token_class=name, usd=usd,
                   before=_driver(leg, before, model, name), after=_driver(leg, after, model, name))
            for (model, name), usd in moved[leg].items()
            if usd != 0
        )
        for leg in LEGS
    }  # fmt: skip
    for side, period, done in (("base", base, ()), ("actual", actual, LEGS)):
        rows[side] = _period_rows(period, terms(set(done)), is_actual=side == "actual")
    legs = {leg: math.fsum(moved[leg].values()) for leg in LEGS}
    return UsageLegs(
        base_usd=base_usd, actual_usd=actual_usd, legs=legs, method=method, rows=rows
    )  # fmt: skip


Terms = dict[tuple[str, str], float]
Weighted = Sequence[tuple[float, set[str]]]
"""How much a leg counts when it moves after these."""


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

    def terms(self) -> Terms:
        """Return the cost by model and token class, USD."""
        mtok = self.users * self.requests_per_user * self.tokens_per_request
        return {
            (model, name): mtok * share * (1 - self.discount[model])
            * class_share * self.list_price[model][name] * self.fx
            for model, share in self.model_mix.items()
            for name, class_share in self.cache_share[model].items()
        }  # fmt: skip


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


def _driver(leg: str, factors: _Factors, model: str, name: str) -> float | None:
    """Return what a leg moves, for one class of one model; None where it is not there."""
    value = getattr(factors, leg)
    if isinstance(value, float | int):
        return float(value)
    of_model = value.get(model)
    return of_model.get(name) if isinstance(of_model, Mapping) else of_model


def _period_rows(period: PeriodUsage, terms: Terms, *, is_actual: bool) -> tuple[LegRow, ...]:
    rows = []
    for (model, name), usd in terms.items():
        used = period.models[model].mtok.get(name) if model in period.models else None
        sides = (None, used) if is_actual else (used, None)
        if usd != 0:
            rows.append(
                LegRow(model=model, token_class=name, before=sides[0], after=sides[1], usd=usd)
            )
    return tuple(rows)


def _cached_terms(before: _Factors, after: _Factors) -> Callable[[set[str]], Terms]:
    known: dict[frozenset[str], Terms] = {}

    def terms(moved: set[str]) -> Terms:
        key = frozenset(moved)
        if key not in known:
            known[key] = replace(before, **{leg: getattr(after, leg) for leg in key}).terms()
        return known[key]

    return terms


def _moved(leg: str, terms: Callable[[set[str]], Terms], weighted: Weighted) -> Terms:
    """Return what the leg's move costs, by model and class: the difference it makes."""
    parts: dict[tuple[str, str], list[float]] = {}
    for weight, others in weighted:
        earlier, later = terms(others), terms({*others, leg})
        for key in {**earlier, **later}:
            change = later.get(key, 0.0) - earlier.get(key, 0.0)
            parts.setdefault(key, []).append(weight * change)
    return {key: math.fsum(values) for key, values in parts.items()}


def _in_order(leg: str) -> Weighted:
    return [(1.0, set(LEGS[: LEGS.index(leg)]))]


def _in_all_orders(leg: str) -> Weighted:
    others: Sequence[str] = [name for name in LEGS if name != leg]
    count = len(LEGS)
    return [
        (math.factorial(size) * math.factorial(count - size - 1) / math.factorial(count), set(chosen))
        for size in range(count)
        for chosen in combinations(others, size)
    ]  # fmt: skip
