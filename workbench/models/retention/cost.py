"""What keeping records costs a month once the first record has reached the end of its period.

Days are counted with age 0 included, so a stay of n days holds n days of arrivals. A month of
the price sheets is 30 days here, so that one GB kept 30 days costs one GB-month. Storage is
stock times price; requests, transitions and early deletion follow the flow, not the stock:

    stock_gb    = stored_gb_per_day * days * (1 + index share) * replicas
    storage_usd = stock_gb * usd_per_gb_month * days / 30 (per day of the month)
    early_usd   = gb leaving * max(0, minimum_days - days stayed) / 30 * usd_per_gb_month

References
----------
Price conditions of object stores (minimum duration, overhead per archived object, transition
requests): the pages named by row in data/reference/storage_prices.csv, retrieved 2026-11-23.
"""

from dataclasses import dataclass, fields
from itertools import pairwise

from workbench.errors import InputError
from workbench.models.retention.sizes import BYTES_PER_KB, Flow
from workbench.units import BYTES_PER_GB

STORAGE_MONTH_DAYS = 30
DAYS_PER_YEAR = 365


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """Prices and conditions of one storage tier or log service, US dollars."""

    name: str
    usd_per_gb_month: float
    stores_raw: bool = False
    """Billed on uncompressed bytes, as most log services do."""
    ingest_usd_per_gb: float = 0.0
    """On uncompressed bytes."""
    put_usd_per_1000: float = 0.0
    """Writing an object, or moving one into this tier."""
    get_usd_per_1000: float = 0.0
    retrieval_usd_per_gb: float = 0.0
    usd_per_million_records: float = 0.0
    """Indexing fee of log services that bill events."""
    minimum_days: int = 0
    included_days: int = 0
    """First days that cost no storage."""
    longest_days: int | None = None
    """Age at which the service stops offering the data; None is no end."""
    minimum_object_kb: float = 0.0
    overhead_kb: float = 0.0
    """Billed per object at this tier's price."""
    overhead_usd_per_object_month: float = 0.0
    """Billed per object at another tier's price, already in dollars."""
    first_access_hours: float | None = 0.0
    """None: not stated, so it meets no access need."""
    overhead_factor: float = 1.0
    """Billed bytes per stored byte: index or replication of the tier itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Which tier holds records of which age, and when they go."""

    tiers: tuple[Tier, ...]
    starts: tuple[int, ...]
    """Age in days at which each tier begins; the first is 0."""
    period_days: int

    def __post_init__(self) -> None:
        falling = any(later < earlier for earlier, later in pairwise(self.starts))
        if not self.tiers or len(self.tiers) != len(self.starts) or self.starts[0] or falling:
            raise InputError(
                "A plan needs one start a tier, none before the last, the first at age 0."
            )
        if self.period_days < 1:
            raise InputError(f"A period is at least one day, got {self.period_days}.")

    def days_in(self, index: int) -> int:
        """Return how many days a record stays in a tier; 0 when the period ends before it."""
        end = self.starts[index + 1] if index + 1 < len(self.starts) else self.period_days
        return max(0, min(end, self.period_days) - self.starts[index])


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What is read back, held and erased early, by share."""

    read_share_per_month: tuple[float, ...] = ()
    """Share of each tier's stock read in a month; absent is 0."""
    egress_usd_per_gb: float = 0.0
    """Price of what is read leaving the cloud."""
    hold_share: float = 0.0
    """Share of records under legal hold, kept in the plan's last tier."""
    hold_days: int = 0
    erased_share_per_year: float = 0.0
    """Share of records erased on request in a year, the same at every age."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthlyCost:
    """One month of 30 days, US dollars by cause."""

    ingest_usd: float
    requests_usd: float
    transitions_usd: float
    storage_usd: float
    object_overhead_usd: float
    early_deletion_usd: float
    retrieval_usd: float
    egress_usd: float
    hold_usd: float
    storage_usd_by_tier: tuple[float, ...]
    stock_gb_by_tier: tuple[float, ...]
    """What is billed as stored, without included days."""
    hold_stock_gb: float

    @property
    def total_usd(self) -> float:
        """Return the sum of all causes."""
        causes = (f.name for f in fields(self) if f.name.endswith("_usd"))
        return sum(getattr(self, name) for name in causes)

    @property
    def ingest_share(self) -> float:
        """Ingest over the total: near 1, retention days are the wrong lever."""
        return self.ingest_usd / self.total_usd if self.total_usd else 0.0


def steady_state(flow: Flow, plan: Plan, reading: Reading | None = None) -> MonthlyCost:
    """Return the cost of a month once the first record has reached the end of its period.

    Parameters
    ----------
    flow
        Records a day and their sizes.
    plan
        Tiers by age, and the period in days.
    reading
        What is read, held and erased early; nothing by default.

    Examples
    --------
    >>> from workbench.models.retention.sizes import Packet
    >>> flow = Flow(records_per_day=1_000_000, packet=Packet(text_bytes=1_000))
    >>> plan = Plan(tiers=(Tier(name="one", usd_per_gb_month=0.03),), starts=(0,), period_days=60)
    >>> round(steady_state(flow, plan).total_usd, 6)  # 1 GB a day, 60 GB at 0.03
    1.8
    """
    reading = reading or Reading()
    used = [index for index in range(len(plan.tiers)) if plan.days_in(index) > 0]
    stock = [_stock_gb(flow, plan, index) for index in range(len(plan.tiers))]
    storage = [gb * tier.usd_per_gb_month for gb, tier in zip(stock, plan.tiers, strict=True)]
    objects = flow.objects_per_day * flow.replicas * STORAGE_MONTH_DAYS
    first = plan.tiers[0]
    records = flow.kept_records_per_day * STORAGE_MONTH_DAYS
    hold_gb = _hold_gb(flow, plan, reading)
    retrieval, egress = _reading_usd(flow, plan, reading, stock)
    return MonthlyCost(
        ingest_usd=flow.raw_gb_per_day * STORAGE_MONTH_DAYS * first.ingest_usd_per_gb
        + records / 1e6 * first.usd_per_million_records,
        requests_usd=objects / 1_000 * first.put_usd_per_1000,
        transitions_usd=sum(
            objects / 1_000 * plan.tiers[i].put_usd_per_1000 for i in used if i > 0
        ),
        storage_usd=sum(storage),
        object_overhead_usd=sum(_overhead_usd(flow, plan, index) for index in used),
        early_deletion_usd=sum(_early_usd(flow, plan, index, reading) for index in used),
        retrieval_usd=retrieval,
        egress_usd=egress,
        hold_usd=hold_gb * plan.tiers[-1].usd_per_gb_month,
        storage_usd_by_tier=tuple(storage),
        stock_gb_by_tier=tuple(stock),
        hold_stock_gb=hold_gb,
    )


def billed_gb_per_day(flow: Flow, tier: Tier) -> float:
    """Return the gigabytes a day's records count as in a tier, replicas and index included."""
    stored = flow.raw_gb_per_day if tier.stores_raw else flow.stored_gb_per_day
    smallest = flow.objects_per_day * tier.minimum_object_kb * BYTES_PER_KB / BYTES_PER_GB
    return max(stored * (1 + flow.index_share), smallest) * flow.replicas * tier.overhead_factor


def _stock_gb(flow: Flow, plan: Plan, index: int) -> float:
    tier = plan.tiers[index]
    return billed_gb_per_day(flow, tier) * _billed_days(plan, index)


def _billed_days(plan: Plan, index: int) -> int:
    return max(0, plan.days_in(index) - plan.tiers[index].included_days)


def object_overhead_usd_per_object_month(tier: Tier) -> float:
    """Return what an archived object costs a month beside its bytes."""
    in_tier = tier.overhead_kb * BYTES_PER_KB / BYTES_PER_GB * tier.usd_per_gb_month
    return in_tier + tier.overhead_usd_per_object_month


def _overhead_usd(flow: Flow, plan: Plan, index: int) -> float:
    objects = flow.objects_per_day * flow.replicas * plan.days_in(index)
    return objects * object_overhead_usd_per_object_month(plan.tiers[index])


def _early_usd(flow: Flow, plan: Plan, index: int, reading: Reading) -> float:
    tier, days = plan.tiers[index], plan.days_in(index)
    # Held records stay in the last tier, so they don't leave it early.
    leaving = 1 - reading.hold_share if index == len(plan.tiers) - 1 else 1.0
    missing = leaving * max(0, tier.minimum_days - days)
    # An erasure inside the minimum duration pays for the rest of it.
    reached = min(days, tier.minimum_days)
    expected = reached * (tier.minimum_days - reached / 2) - missing * reached
    by_erasure = reading.erased_share_per_year / DAYS_PER_YEAR * expected
    gb_months = billed_gb_per_day(flow, tier) * (missing + by_erasure)
    return gb_months * tier.usd_per_gb_month


def _hold_gb(flow: Flow, plan: Plan, reading: Reading) -> float:
    extra_days = max(0, reading.hold_days - plan.period_days)
    last = plan.tiers[-1]
    stored = flow.raw_gb_per_day if last.stores_raw else flow.stored_gb_per_day
    return reading.hold_share * stored * flow.replicas * extra_days


def _reading_usd(
    flow: Flow, plan: Plan, reading: Reading, stock: list[float]
) -> tuple[float, float]:
    retrieval = egress = 0.0
    shares = zip(reading.read_share_per_month, plan.tiers, range(len(stock)), strict=False)
    for share, tier, index in shares:
        days = plan.days_in(index)
        read_gb = share * flow.stored_gb_per_day * days
        gets = share * flow.objects_per_day * days
        retrieval += read_gb * tier.retrieval_usd_per_gb + gets / 1_000 * tier.get_usd_per_1000
        egress += read_gb * reading.egress_usd_per_gb
    return retrieval, egress
