"""The register of assumptions as people write it, and the cost tree it stands for.

A file in `assumptions/` names drivers, priced lines, fixed costs, commitments and events; every
judged number has an owner, a date, a source and the day it expires.
"""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from workbench.errors import InputError, shown
from workbench.models.envelope.leaves import Judged, Measured
from workbench.models.envelope.risk import month_names
from workbench.models.envelope.sensitivity import Stress
from workbench.models.envelope.tree import (
    Commitment,
    CostLine,
    CostTree,
    Driver,
    Event,
    FixedCost,
    PriceStep,
)
from workbench.models.provider_exit.lifecycle import BINDING_WORDS
from workbench.reference import read_table

Month = Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]
Finite = Annotated[float, Field(allow_inf_nan=False)]
LONGEST_MONTHS = 120


def retirement_span(name: str) -> dict[str, str]:
    """Return earliest and latest month of a model's retirement, as far as the table states them.

    Raises
    ------
    ValueError
        If the table has no confirmed date for `name`, written provider/model.
    """
    for row in read_table("model_lifecycle"):
        if f"{row['provider']}/{row['model']}".lower() != name.lower():
            continue
        if row["confidence"] not in BINDING_WORDS:
            continue
        if row["retires_on"]:
            return {"earliest": row["retires_on"][:7], "latest": row["retires_on"][:7]}
        if row["retires_not_before"]:
            return {"earliest": row["retires_not_before"][:7]}
    raise ValueError(
        f"no confirmed retirement of {name} in the lifecycle table; give earliest and latest"
    )


class Entry(BaseModel):
    """What every part of the register forbids: unknown keys and changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Judgement(Entry):
    """A judged number: P50 with P10 and P90, and who answers for it until when."""

    value: Finite
    low: Finite | None = None
    """P10; the value itself where it is certain."""
    high: Finite | None = None
    unit: str = ""
    owner: str = Field(min_length=1)
    dated: date
    source: str = Field(min_length=1)
    expires: date
    """After this day nobody answers for it, and no version is locked on it."""

    @model_validator(mode="after")
    def _in_order(self) -> "Judgement":
        if self.expires < self.dated:
            raise ValueError("it expires before it was made")
        if (self.low is None) != (self.high is None):
            raise ValueError("give both low and high, or neither where the value is certain")
        return self

    def leaf(self, *, is_share: bool = False) -> Judged:
        """Return it for the model."""
        return Judged(
            value=self.value,
            low=self.value if self.low is None else self.low,
            high=self.value if self.high is None else self.high,
            owner=self.owner,
            on=self.dated,
            source=self.source,
            is_share=is_share,
        )


class MeasureEntry(Entry):
    """How the logs measure a driver; where they hold enough, that takes the judgement's place."""

    of: Literal[
        "requests", "users", "requests_per_user", "meters_per_request", "share", "usd_per_request"
    ]
    """`requests` and `users` a month, from daily counts; the others are ratios of daily totals."""
    features: tuple[str, ...] = ()
    """None given means all features."""
    except_features: tuple[str, ...] = ()
    meters: tuple[str, ...] = ()
    """Counted a request, or the part of a share."""
    whole: tuple[str, ...] = ()
    """The whole of a share, its part included."""
    days: Annotated[int, Field(ge=7, le=400)] = 56
    """Window of a mean. Requests and users are forecast instead, from all their past."""
    by: Literal["day", "customer"] = "day"
    """What is drawn again: weeks of days, or customers (tenants); never requests."""

    @model_validator(mode="after")
    def _counted_by_customer(self) -> "MeasureEntry":
        if self.by == "customer" and self.of not in ("requests", "usd_per_request"):
            raise ValueError("by: customer goes with requests or usd_per_request")
        return self


class DriverEntry(Judgement):
    """A driver: its level in the first month and how it moves."""

    share: bool = False
    measure: MeasureEntry | None = None
    monthly_growth: Finite = 0.0
    monthly_sigma: Annotated[Finite, Field(ge=0)] = 0.0


class PriceEntry(Entry):
    """A price from a month on."""

    starts: Month
    usd: Finite


class LineEntry(Entry):
    """A priced line."""

    drivers: tuple[str, ...] = Field(min_length=1)
    complements: tuple[str, ...] = ()
    uplifts: tuple[str, ...] = ()
    per_units: Annotated[Finite, Field(gt=0)] = 1.0
    prices: tuple[PriceEntry, ...] = Field(min_length=1)
    source: str = Field(min_length=1)


class FixedEntry(Entry):
    """A cost no driver moves: one amount for every month, or one for each."""

    usd: Finite | tuple[Finite, ...]
    owner: str = Field(min_length=1)
    source: str = Field(min_length=1)


class CommitmentEntry(Entry):
    """Spend promised a month for some lines."""

    lines: tuple[str, ...] = Field(min_length=1)
    usd_per_month: Annotated[Finite, Field(ge=0)]
    source: str = Field(min_length=1)


class EventEntry(Entry):
    """A change that may or must come; one that `retires` a model is a forced migration."""

    lines: tuple[str, ...] = Field(min_length=1)
    probability: Annotated[float, Field(ge=0, le=1)]
    earliest: Month
    latest: Month
    factor: Judgement
    one_off_usd: Finite = 0.0
    retires: str | None = None
    """provider/model of the lifecycle table: it happens for certain, in the month stated there.

    Where only a day before which it stays is stated, that is the earliest month and `latest` is
    the owner's to say.
    """

    @model_validator(mode="before")
    @classmethod
    def _dated_by_the_table(cls, content: Any) -> Any:  # noqa: ANN401 - what YAML gave
        if not isinstance(content, dict) or not content.get("retires"):
            return content
        return {"probability": 1.0, **retirement_span(str(content["retires"])), **content}


class CorrelationEntry(Entry):
    """Correlation of two drivers' period aggregates."""

    between: tuple[str, str]
    rho: Annotated[float, Field(ge=-1, le=1)]
    source: str = Field(min_length=1)
    measure: bool = False
    """Taken from weekly totals of the logs, where they hold eight weeks of both drivers."""


class StressEntry(Entry):
    """A shock to try: factors on drivers and prices, shares put to a value."""

    drivers: dict[str, Finite] = {}
    lines: dict[str, Finite] = {}
    """Factors on the price of lines, such as a dearer fallback model in an outage."""
    all_prices: Annotated[Finite, Field(ge=0)] = 1.0
    shares: dict[str, Finite] = {}
    source: str = Field(min_length=1)


class Register(Entry):
    """One file of assumptions."""

    kind: Literal["assumptions"] = "assumptions"
    name: str = Field(min_length=1, pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]*$")
    first_month: Month
    months: Annotated[int, Field(ge=1, le=LONGEST_MONTHS)]
    currency: str = "USD"
    seed: Annotated[int, Field(ge=0)] = 1
    budget_usd: Finite | tuple[Finite, ...]
    """By month: one amount for every month, or one for each."""
    drivers: dict[str, DriverEntry] = Field(min_length=1)
    lines: dict[str, LineEntry] = Field(min_length=1)
    fixed: dict[str, FixedEntry] = {}
    commitments: dict[str, CommitmentEntry] = {}
    events: dict[str, EventEntry] = {}
    correlations: dict[str, CorrelationEntry] = {}
    stresses: dict[str, StressEntry] = {}

    @property
    def month_names(self) -> tuple[str, ...]:
        """Months of the envelope as YYYY-MM."""
        return month_names(self.first_month, self.months)

    @property
    def budget_by_month(self) -> tuple[float, ...]:
        """Budget in USD, one amount a month."""
        return self._by_month("budget_usd", self.budget_usd)

    def judgements(self) -> dict[str, Judgement]:
        """Return every judged number by where it stands."""
        found: dict[str, Judgement] = {
            f"drivers.{name}": entry for name, entry in self.drivers.items()
        }
        return found | {f"events.{name}.factor": e.factor for name, e in self.events.items()}

    def cost_tree(
        self,
        measured: Mapping[str, Measured] | None = None,
        correlations: Mapping[str, float] | None = None,
    ) -> CostTree:
        """Return the tree to draw from; what was measured takes the place of a judgement.

        Parameters
        ----------
        measured
            Leaves from the logs by driver.
        correlations
            Measured correlations by the name of their entry, in place of the judged ones.

        Raises
        ------
        InputError
            If parts name one another wrongly, or a number is out of range.
        """
        leaves = measured or {}
        unknown = sorted(set(leaves) - set(self.drivers))
        if unknown:
            raise InputError(f"{self.name}: measured, but no driver: {shown(unknown)}.")
        return CostTree(
            months=self.months,
            drivers=tuple(
                Driver(
                    name=name,
                    leaf=leaves.get(name) or entry.leaf(is_share=entry.share),
                    monthly_growth=entry.monthly_growth,
                    monthly_sigma=entry.monthly_sigma,
                )
                for name, entry in self.drivers.items()
            ),
            lines=tuple(self._line(name, entry) for name, entry in self.lines.items()),
            fixed=tuple(
                FixedCost(name=name, usd_by_month=self._by_month(f"fixed.{name}", entry.usd))
                for name, entry in self.fixed.items()
            ),
            commitments=tuple(
                Commitment(name=name, lines=entry.lines, usd_per_month=entry.usd_per_month)
                for name, entry in self.commitments.items()
            ),
            events=tuple(self._event(name, entry) for name, entry in self.events.items()),
            correlations={
                entry.between: (correlations or {}).get(name, entry.rho)
                for name, entry in self.correlations.items()
            },
        )

    def shocks(self) -> tuple[Stress, ...]:
        """Return the shocks of the register for the model."""
        return tuple(
            Stress(
                name=name, driver_factors=entry.drivers, price_factors=entry.lines,
                all_prices=entry.all_prices, share_values=entry.shares,
            )
            for name, entry in self.stresses.items()
        )  # fmt: skip

    def _line(self, name: str, entry: LineEntry) -> CostLine:
        # A price that began before the envelope is in force in its first month.
        in_order = sorted(entry.prices, key=lambda price: price.starts)
        steps = {max(0, self._index(price.starts)): price.usd for price in in_order}
        return CostLine(
            name=name,
            drivers=entry.drivers,
            complements=entry.complements,
            uplifts=entry.uplifts,
            per_units=entry.per_units,
            prices=tuple(PriceStep(month=month, usd=usd) for month, usd in sorted(steps.items())),
        )

    def _event(self, name: str, entry: EventEntry) -> Event:
        return Event(
            name=name,
            lines=entry.lines,
            probability=entry.probability,
            first_month=max(0, self._index(entry.earliest)),
            last_month=max(0, self._index(entry.latest)),
            factor=entry.factor.leaf(),
            one_off_usd=entry.one_off_usd,
        )

    def _index(self, month: str) -> int:
        (year, of_year), (first_year, first_of_year) = (
            (int(part) for part in name.split("-")) for name in (month, self.first_month)
        )
        return (year - first_year) * 12 + of_year - first_of_year

    def _by_month(self, where: str, usd: float | tuple[float, ...]) -> tuple[float, ...]:
        if not isinstance(usd, tuple):
            return (usd,) * self.months
        if len(usd) != self.months:
            raise InputError(f"{self.name}: `{where}` has {len(usd)} of {self.months} months.")
        return usd

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain data, dates as text, in the order of the file."""
        return self.model_dump(mode="json")
