"""What is decided between, on which demand, and within whose limits."""

from dataclasses import dataclass
from math import inf, isnan

import numpy as np

from workbench.errors import InputError
from workbench.models.hosting.placement import Place, PlacementRule, Processing
from workbench.models.hosting.workload import Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One way to run the feature: an API (no replicas), own capacity, or both."""

    name: str
    usd_per_mtok: float
    """API price of a million tokens of this feature's mix; where own capacity overflows, and
    during the time to live. Infinity where there is no API to turn to."""
    replicas: int = 0
    replica_mtok_per_hour: float = 0.0
    """Inside the latency targets."""
    usd_per_replica_hour: float = 0.0
    setup_usd: float = 0.0
    exit_usd: float = 0.0
    """What leaving would cost: the price of lock-in."""
    weeks_to_live: float = 0.0
    """Until own capacity serves; the API bridges."""
    regions: frozenset[str] = frozenset()
    data_classes: frozenset[str] = frozenset()
    """Data classes allowed to be processed there."""
    availability: float = 1.0
    credit_share: float = 0.0
    """Of the month's API bill, expected back under the service level agreement."""
    ttft_p95_s: float = float("nan")
    spills: bool = True
    """False where nothing may go to the API: what does not fit needs more replicas, at the
    same price, rounded up to whole ones at the busiest hour."""
    api_share: float = 0.0
    """Of all tokens, those that always go to the API: prompts that may leave."""
    bridge_usd_per_replica_hour: float | None = None
    """What the same replicas cost while own ones are awaited; None where the API bridges."""
    barred: tuple[str, ...] = ()
    """Further reasons why it may not be chosen, such as a price nobody confirmed."""
    processing: Processing = "managed"
    """Who processes the prompts, and whether that keeps them."""
    places: tuple[Place, ...] = ()
    """Where prompts go if not all to one place; empty is `processing` in `regions`."""

    @property
    def all_places(self) -> tuple[Place, ...]:
        """Every place that sees prompts."""
        return self.places or (Place(processing=self.processing, regions=self.regions),)

    def __post_init__(self) -> None:
        if (
            self.replicas < 0
            or isnan(self.usd_per_mtok)
            or not 0 <= self.usd_per_replica_hour < inf
            or not 0 <= self.replica_mtok_per_hour < inf
            or not 0 <= self.credit_share <= 1
            or not 0 <= self.weeks_to_live < inf
            or not 0 < self.availability <= 1
            or self.usd_per_mtok < 0
            or not 0 <= self.api_share <= 1
        ):
            raise InputError(
                f"Option {self.name}: replicas, prices and availability are out of range."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """The same draws for every option."""

    mtok_per_month: Floats
    """Draws by months."""
    hourly_shape: Floats
    """Share of an average hour in each hour of a typical week; mean 1."""

    def __post_init__(self) -> None:
        if self.mtok_per_month.ndim != 2 or self.mtok_per_month.size == 0:
            raise InputError("Demand needs draws by months, at least one of each.")
        if not np.isclose(self.hourly_shape.mean(), 1.0, atol=1e-6):
            raise InputError("The hourly shape must average 1; divide it by its mean.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """What the owner accepts. These are inputs, not conclusions."""

    region: str
    """Where the data must stay."""
    data_class: str
    also_regions: tuple[str, ...] = ()
    """Further regions where it may be."""
    also_classes: tuple[str, ...] = ()
    """Further classes of data among the prompts."""
    rules: tuple[PlacementRule, ...] = ()
    """Where each class may be processed; hard limits."""
    outage_usd_per_hour: float = 0.0
    lock_in_weight: float = 0.0
    """Share of an option's exit cost that counts against it."""
    caution: float = 0.0
    """0 judges by the mean cost, 1 by its 90th percentile."""
    discount_rate_per_year: float = 0.08

    @property
    def classes(self) -> tuple[str, ...]:
        """Every class of data among the prompts."""
        return tuple(dict.fromkeys((self.data_class, *self.also_classes)))

    @property
    def allowed_regions(self) -> tuple[str, ...]:
        """Every region where the data may be."""
        return (self.region, *self.also_regions)

    def __post_init__(self) -> None:
        if not 0 <= self.caution <= 1 or self.lock_in_weight < 0:
            raise InputError("Caution must be in [0, 1] and the lock-in weight not negative.")
        if self.discount_rate_per_year <= -1:
            raise InputError(
                f"The discount rate must be above -1 a year, not {self.discount_rate_per_year}; write "
                "8 % as 0.08."
            )
