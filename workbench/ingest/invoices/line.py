"""What every invoice becomes: exact lines of what a provider billed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Literal

from workbench.errors import IngestError
from workbench.units import pico_per_unit

Kind = Literal["usage", "commitment", "credit", "tax", "adjustment"]
KINDS: tuple[Kind, ...] = ("usage", "commitment", "credit", "tax", "adjustment")
MOST_USD = Decimal(10) ** 9
"""A larger line is a mistake: pico-USD of it would not fit 64 bits ten times over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceLine:
    """One charge. Its month is that of `charge_from`, in UTC."""

    provider: str
    charge_from: datetime
    """Naive UTC, inclusive."""
    charge_to: datetime
    """Naive UTC, exclusive."""
    kind: Kind
    billed_pico: int
    """Pico-USD, negative for credits."""
    source_row: int
    model: str | None = None
    """Where the line names it."""
    invoice_id: str | None = None
    description: str = ""

    @property
    def month(self) -> str:
        """Month the charge belongs to, as 2026-10."""
        return f"{self.charge_from:%Y-%m}"


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceFile:
    """All lines of one file. records = lines + skipped."""

    name: str
    format: str
    sha256: str
    records: int
    lines: tuple[InvoiceLine, ...]
    skipped: Mapping[str, int] = field(default_factory=dict)
    """Records that are no charge for AI, by reason."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands, for messages."""

    path: Path
    row: int

    def wrong(self, column: str, value: object, what: str) -> IngestError:
        """Return an error that names file, row, column and value."""
        return IngestError(
            f"{self.path}, record {self.row}, {column}: {str(value)[:60]!r} {what} "
            "Nothing of this invoice was imported."
        )

    def pico(self, column: str, value: object, *, currency: str, scale: int = 1) -> int:
        """Return an amount in pico-USD; `scale` 100 is for amounts in cents."""
        if currency.upper() != "USD":
            raise self.wrong("currency", currency, "is not USD. Convert the invoice first.")
        try:
            usd = Decimal(str(value).strip().replace("_", "no digit"))
        except InvalidOperation:
            usd = Decimal("NaN")
        if usd.is_nan():
            raise self.wrong(column, value, "is no amount such as 1200.50 or -3.2.")
        if not usd.is_finite() or abs(usd) > MOST_USD * scale:
            raise self.wrong(column, value, "is beyond any invoice.")
        return pico_per_unit(usd, per=scale)[0]

    def instant(self, column: str, value: object) -> datetime:
        """Return a time as naive UTC; one without a zone is UTC, as invoices mean it."""
        text = str(value).strip().replace(" UTC", "+00:00")
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            found = self._american(column, text)
        return found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found

    def _american(self, column: str, text: str) -> datetime:
        """Read 10/31/2026 and 10/31/26, as cost exports of Azure and FOCUS samples write it."""
        for form in ("%m/%d/%Y", "%m/%d/%y"):
            try:
                return datetime.strptime(text, form)  # noqa: DTZ007 - UTC by convention
            except ValueError:
                continue
        raise self.wrong(column, text, "is no time such as 2026-10-31 or 2026-10-31T00:00:00Z.")
