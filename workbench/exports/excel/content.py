"""What goes into a workbook: the cost tree, its envelope, two periods and their evidence."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from workbench.errors import InputError
from workbench.models.envelope.risk import BudgetRisk, Envelope
from workbench.models.envelope.sensitivity import StressResult, Swing
from workbench.models.envelope.tree import CostTree
from workbench.models.variance.pvm import Line

MOST_ROWS = 100_000
"""More than an analyst can read, and a tenth of what a sheet holds (1,048,576): aggregate first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """What the workbook is and who answers for it; names are recorded, not authenticated."""

    title: str
    scope: str
    as_of: date
    version: str
    """Hash of assumptions, prices, data snapshot, code and seed."""
    seed: int
    prepared_by: str
    reviewed_by: str = ""
    currency: str = "USD"

    @property
    def stamp(self) -> str:
        """What is printed at the foot of every page."""
        return f"{self.title}, version {self.version[:12]}, seed {self.seed}"


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What the register says of an assumption beyond its value."""

    unit: str = ""
    owner: str = ""
    """Who answers for it, whether it was judged or measured."""
    dated: date | None = None
    expires: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One difference from the last locked version."""

    on: date
    by: str
    what: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """Where an output comes from: measure, query, file, rows."""

    output: str
    measure: str
    query: str
    file: str
    rows: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkbookContent:
    """Everything the sheets show; nothing is read from anywhere else."""

    cover: Cover
    tree: CostTree
    envelope: Envelope
    budget_usd: tuple[float, ...]
    """By month of the envelope."""
    risk: BudgetRisk | None = None
    contingencies_usd: Mapping[float, float] = field(default_factory=dict)
    """By confidence: what must be added to the budget of the span."""
    swings: tuple[Swing, ...] = ()
    stresses: tuple[StressResult, ...] = ()
    about: Mapping[str, About] = field(default_factory=dict)
    """By driver or event."""
    price_sources: Mapping[str, str] = field(default_factory=dict)
    """By line: book, version and date read."""
    base_period: str = ""
    actual_period: str = ""
    base_lines: tuple[Line, ...] = ()
    actual_lines: tuple[Line, ...] = ()
    line_sources: Mapping[str, str] = field(default_factory=dict)
    """By line: source file with row range or hash."""
    allocation: Mapping[str, Decimal] = field(default_factory=dict)
    """USD of the actual period by payer, unallocated included."""
    unpriced_rows: int = 0
    invoice_usd: float | None = None
    invoice_tolerance_usd: float = 0.005
    changes: tuple[Change, ...] = ()
    lineage: tuple[Lineage, ...] = ()

    def __post_init__(self) -> None:
        months = self.tree.months
        if len(self.envelope.months) != months or len(self.budget_usd) != months:
            raise InputError(
                f"The tree has {months} months, the envelope {len(self.envelope.months)}, "
                f"the budget {len(self.budget_usd)}; they must agree."
            )
        rows = max(len(self.base_lines) + len(self.actual_lines), len(self.lineage))
        if rows > MOST_ROWS:
            raise InputError(
                f"{rows:,} rows are too many for a workbook (at most {MOST_ROWS:,}). "
                "Aggregate by month, model, token class and team; keep the detail's hash."
            )
