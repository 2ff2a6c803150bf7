"""Which retention policy is the cheapest inside the law, and what each constraint costs.

Every combination of tiers, packing, sampling, precision, redaction and period is costed: a
grid, no descent, because minimum durations and per-object fees make the cost jump. A
constraint's price is what the cheapest policy would save without that one constraint.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

from workbench.errors import InputError
from workbench.models.retention.cost import (
    MonthlyCost,
    Plan,
    Reading,
    Tier,
    steady_state,
)
from workbench.models.retention.sizes import BYTES_PER_DIMENSION, Flow

PRECISIONS = tuple(BYTES_PER_DIMENSION)
"""From the largest to none, so that a floor is a place in this order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessNeed:
    """Records up to this age must be readable within so many hours."""

    until_age_days: int
    within_hours: float
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a policy may not do. Each field is one constraint that can be relaxed."""

    lower_days: int | None = None
    """The law's minimum; sampled records are not kept, so it also asks for all of them."""
    upper_days: int | None = None
    stated_days: int | None = None
    """Owner's period, where the law names none."""
    access: tuple[AccessNeed, ...] = ()
    smallest_sampling: float = 0.0
    """Share of records the quality team needs."""
    coarsest_precision: str = "none"
    largest_text_share: float = 1.0
    """Share of text that may stay: below 1 where redaction is required."""
    smallest_text_share: float = 0.0
    """Share of text that must stay, to explain a decision."""
    confirmed_prices_only: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """The grid: what there is to choose from."""

    plans: tuple[tuple[tuple[Tier, ...], tuple[int, ...]], ...]
    """Tiers and the ages at which they begin."""
    periods_days: tuple[int, ...]
    records_per_object: tuple[float, ...]
    """Replaces the flow's own packing."""
    samplings: tuple[float, ...] = (1.0,)
    precisions: tuple[str, ...] = ("float32",)
    """Replaces the precision of the flow's packet."""
    text_shares: tuple[float, ...] = (1.0,)
    unconfirmed: frozenset[str] = frozenset()
    """Names of tiers whose prices are uncertain: they never lead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One combination of the grid."""

    tiers: tuple[Tier, ...]
    starts: tuple[int, ...]
    period_days: int
    records_per_object: float
    sampling: float
    precision: str
    text_share: float

    def flow(self, base: Flow) -> Flow:
        """Return the measured flow as this policy changes it."""
        return replace(
            base,
            packet=base.packet.at(self.precision).redacted(self.text_share),
            records_per_object=self.records_per_object,
            sampling=base.sampling * self.sampling,
        )

    @property
    def plan(self) -> Plan:
        """The tiers by age."""
        return Plan(tiers=self.tiers, starts=self.starts, period_days=self.period_days)


@dataclass(frozen=True, slots=True, kw_only=True)
class Costed:
    """A policy and its month."""

    policy: Policy
    month: MonthlyCost


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimum:
    """The ten cheapest policies, and what the constraints cost."""

    best: tuple[Costed, ...]
    usd_per_month_by_constraint: Mapping[str, float | None]
    """What relaxing one constraint would save; None where only relaxing makes any possible."""
    considered: int
    allowed: int


def optimize(
    flow: Flow, choices: Choices, limits: Limits, reading: Reading | None = None
) -> Optimum:
    """Return the cheapest policies inside the limits.

    Parameters
    ----------
    flow
        Measured records, sizes and compression; the grid changes the rest.
    choices, limits
        What there is to choose from, and what is not allowed.
    reading
        What is read, held and erased early, the same for every policy.

    Raises
    ------
    InputError
        If the grid is empty.
    """
    costed = [
        Costed(policy=policy, month=steady_state(policy.flow(flow), policy.plan, reading))
        for policy in _grid(choices)
    ]
    if not costed:
        raise InputError("The grid is empty: give at least one plan and one period.")
    allowed = _allowed(costed, choices, limits)
    cheapest = allowed[0].month.total_usd if allowed else None
    saved: dict[str, float | None] = {}
    for name, relaxed in _relaxations(limits):
        freed = _allowed(costed, choices, relaxed)
        if cheapest is None:
            if freed:
                saved[name] = None
        elif freed:
            saved[name] = cheapest - freed[0].month.total_usd
    return Optimum(
        best=tuple(allowed[:10]),
        usd_per_month_by_constraint=saved,
        considered=len(costed),
        allowed=len(allowed),
    )


def broken_limits(policy: Policy, choices: Choices, limits: Limits) -> Iterator[str]:
    """Yield the name of every constraint a policy breaks."""
    period = policy.period_days
    if limits.lower_days is not None and (period < limits.lower_days or policy.sampling < 1):
        yield "lower_days"
    if limits.upper_days is not None and period > limits.upper_days:
        yield "upper_days"
    if limits.stated_days is not None and period < limits.stated_days:
        yield "stated_days"
    for need in limits.access:
        if not _meets(policy, need):
            yield f"access: {need.why}"
    if policy.sampling < limits.smallest_sampling:
        yield "smallest_sampling"
    if PRECISIONS.index(policy.precision) > PRECISIONS.index(limits.coarsest_precision):
        yield "coarsest_precision"
    if policy.text_share > limits.largest_text_share:
        yield "largest_text_share"
    if policy.text_share < limits.smallest_text_share:
        yield "smallest_text_share"
    if limits.confirmed_prices_only and any(t.name in choices.unconfirmed for t in policy.tiers):
        yield "confirmed_prices_only"
    if not _is_offered(policy):
        yield "offered"


def _grid(choices: Choices) -> Iterator[Policy]:
    axes = product(
        choices.plans, choices.periods_days, choices.records_per_object,
        choices.samplings, choices.precisions, choices.text_shares,
    )  # fmt: skip
    for (tiers, starts), period, per_object, sampling, precision, text_share in axes:
        yield Policy(
            tiers=tiers, starts=starts, period_days=period, records_per_object=per_object,
            sampling=sampling, precision=precision, text_share=text_share,
        )  # fmt: skip


def _allowed(costed: Iterable[Costed], choices: Choices, limits: Limits) -> list[Costed]:
    inside = [one for one in costed if not any(broken_limits(one.policy, choices, limits))]
    return sorted(inside, key=lambda one: one.month.total_usd)


def _meets(policy: Policy, need: AccessNeed) -> bool:
    plan = policy.plan
    for index, tier in enumerate(plan.tiers):
        is_used = plan.days_in(index) > 0 and plan.starts[index] < need.until_age_days
        hours = tier.first_access_hours
        if is_used and (hours is None or hours > need.within_hours):
            return False
    return True


def _is_offered(policy: Policy) -> bool:
    plan = policy.plan
    return all(
        tier.longest_days is None or plan.days_in(index) <= tier.longest_days
        for index, tier in enumerate(plan.tiers)
    )


def _relaxations(limits: Limits) -> Iterator[tuple[str, Limits]]:
    for name in ("lower_days", "upper_days", "stated_days"):
        if getattr(limits, name) is not None:
            yield name, replace(limits, **{name: None})
    for need in limits.access:
        kept = tuple(other for other in limits.access if other != need)
        yield f"access: {need.why}", replace(limits, access=kept)
    free = Limits(confirmed_prices_only=False)
    for name in (
        "smallest_sampling", "coarsest_precision", "largest_text_share", "smallest_text_share",
        "confirmed_prices_only",
    ):  # fmt: skip
        if getattr(limits, name) != getattr(free, name):
            yield name, replace(limits, **{name: getattr(free, name)})


def two_stage_plans(
    tiers: Sequence[Tier], *, ages_days: Sequence[int]
) -> tuple[tuple[tuple[Tier, ...], tuple[int, ...]], ...]:
    """Return every single tier, and every move from one tier to a cheaper one at an age."""
    single = tuple(((tier,), (0,)) for tier in tiers)
    moved = tuple(
        ((first, later), (0, age))
        for first, later in product(tiers, tiers)
        for age in ages_days
        if later.usd_per_gb_month < first.usd_per_gb_month
    )
    return single + moved


def days_elasticity(flow: Flow, plan: Plan, reading: Reading | None = None) -> float:
    """Return by which share the bill falls when the period falls by one per cent.

    Near 0, retention days are the wrong lever: ingest and requests are what costs.
    """
    now = steady_state(flow, plan, reading).total_usd
    shorter = replace(plan, period_days=max(1, round(plan.period_days * 0.9)))
    share = 1 - shorter.period_days / plan.period_days
    if now == 0 or share == 0:
        return 0.0
    return (1 - steady_state(flow, shorter, reading).total_usd / now) / share
