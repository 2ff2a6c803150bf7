"""What the cost is made of: drivers, priced lines, fixed costs, commitments and events.

    cost of a line = product of its drivers * product of (1 - complements)
                     * product of (1 + uplifts) * price in force / units priced together

Tokens, images, pages and seconds are all lines; only their unit differs. A price holds until
a dated step: it never declines by itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from workbench.errors import InputError, shown
from workbench.models.envelope.leaves import Judged, Leaf


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """One multiplicative cause of cost, such as users or output tokens per request."""

    name: str
    leaf: Leaf
    """Its level in the first month."""
    monthly_growth: float = 0.0
    """Fraction a month, compounding from the first month on."""
    monthly_sigma: float = 0.0
    """Standard deviation of the log change from month to month, beyond growth."""

    def __post_init__(self) -> None:
        if self.leaf.is_share and (self.monthly_growth or self.monthly_sigma):
            raise InputError(f"{self.name!r} is a share; it cannot grow past 1. Use an event.")
        if self.monthly_growth <= -1 or self.monthly_sigma < 0:
            raise InputError(f"{self.name!r}: growth must be above -1 and sigma at least 0.")


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceStep:
    """From this month on a unit costs this much."""

    month: int
    """0 is the first month of the envelope."""
    usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CostLine:
    """Something counted and priced: a token class of a model, images, pages, seconds."""

    name: str
    drivers: tuple[str, ...]
    prices: tuple[PriceStep, ...]
    """In order of month, the first at month 0."""
    per_units: float = 1.0
    """How many units a price is for: 1,000,000 for a price per million tokens."""
    complements: tuple[str, ...] = ()
    """Shares of which the rest counts: fresh input is 1 less the cache hit rate."""
    uplifts: tuple[str, ...] = ()
    """Rates that come on top: retries."""

    def price_at(self, month: int) -> float:
        """Return USD per unit in force in a month."""
        in_force = [step.usd for step in self.prices if step.month <= month]
        return in_force[-1] / self.per_units

    @property
    def names(self) -> tuple[str, ...]:
        """All drivers the line rests on."""
        return self.drivers + self.complements + self.uplifts


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedCost:
    """A cost that no driver moves: seats, tools, storage, a support plan."""

    name: str
    usd_by_month: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Commitment:
    """Spend promised for its lines; what is not used is paid all the same."""

    name: str
    lines: tuple[str, ...]
    usd_per_month: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A change that may or must come: an agent rollout, a new model, a forced migration.

    From a month in [first_month, last_month], equally likely, its lines are multiplied by
    `factor` and `one_off_usd` is paid once. A forced migration has probability 1 and one month.
    """

    name: str
    lines: tuple[str, ...]
    probability: float
    first_month: int
    last_month: int
    factor: Judged
    one_off_usd: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.probability <= 1 or self.last_month < self.first_month:
            raise InputError(
                f"Event {self.name!r}: probability {self.probability} must be between 0 and 1, "
                f"month {self.first_month} not after {self.last_month}."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class CostTree:
    """Everything an envelope is drawn from."""

    months: int
    drivers: tuple[Driver, ...]
    lines: tuple[CostLine, ...]
    fixed: tuple[FixedCost, ...] = ()
    commitments: tuple[Commitment, ...] = ()
    events: tuple[Event, ...] = ()
    correlations: Mapping[tuple[str, str], float] = field(default_factory=dict)
    """Between period aggregates of two drivers; pairs not given are independent."""

    def __post_init__(self) -> None:
        drivers = {driver.name for driver in self.drivers}
        lines = {line.name for line in self.lines}
        wanted = {name for line in self.lines for name in line.names}
        wanted |= {name for pair in self.correlations for name in pair}
        named = {name for part in (*self.commitments, *self.events) for name in part.lines}
        for what, missing in (("driver", wanted - drivers), ("line", named - lines)):
            if missing:
                raise InputError(f"The cost tree names no such {what}: {shown(sorted(missing))}.")
        if len(drivers) < len(self.drivers) or len(lines) < len(self.lines):
            raise InputError("Two drivers or two lines of the cost tree share a name.")
        for line in self.lines:
            months = [step.month for step in line.prices]
            if not months or months[0] != 0 or months != sorted(set(months)):
                raise InputError(
                    f"Prices of {line.name!r} must start at month 0 and go up in time."
                )
        for cost in self.fixed:
            if len(cost.usd_by_month) != self.months:
                raise InputError(
                    f"{cost.name!r} has {len(cost.usd_by_month)} of {self.months} months."
                )
