"""The workbench's own invoice sheet (CSV): one row a charge.

Columns: provider, month (or charge_from and charge_to), usd; optionally kind (usage,
commitment, credit, tax, adjustment), model, invoice_id, description, currency.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from workbench.ingest.invoices.line import KINDS, InvoiceLine, Kind, Place

NAME = "sheet"
LOOKS_LIKE = "CSV with columns provider, month and usd"
REQUIRED = ("provider", "usd")
COLUMNS = (*REQUIRED, "month", "charge_from", "charge_to", "kind", "model", "invoice_id",
           "description", "currency")  # fmt: skip


def fits(columns: Sequence[str]) -> bool:
    """Say whether a CSV header is this sheet's."""
    found = set(columns)
    return found.issuperset(REQUIRED) and ("month" in found or "charge_from" in found)


def lines(row: Mapping[str, str], place: Place, *, provider: str | None) -> Iterator[InvoiceLine]:
    """Yield the one line of a row."""
    unknown = sorted(set(row) - set(COLUMNS))
    if unknown:
        raise place.wrong("column", unknown[0], f"is unknown. There are: {', '.join(COLUMNS)}.")
    start, end = _span(row, place)
    named = (provider or row["provider"]).strip()
    if not named:
        raise place.wrong("provider", "", "is missing.")
    yield InvoiceLine(
        provider=named,
        charge_from=start,
        charge_to=end,
        kind=_kind(row.get("kind") or "usage", place),
        billed_pico=place.pico("usd", row["usd"], currency=row.get("currency") or "USD"),
        source_row=place.row,
        model=row.get("model") or None,
        invoice_id=row.get("invoice_id") or None,
        description=(row.get("description") or "")[:200],
    )


def _kind(text: str, place: Place) -> Kind:
    for kind in KINDS:
        if kind == text.strip().lower():
            return kind
    raise place.wrong("kind", text, f"is none of {', '.join(KINDS)}.")


def _span(row: Mapping[str, str], place: Place) -> tuple[datetime, datetime]:
    if row.get("month"):
        start = place.instant("month", f"{row['month'].strip()}-01")
        return start, datetime(start.year + start.month // 12, start.month % 12 + 1, 1)  # noqa: DTZ001
    start = place.instant("charge_from", row.get("charge_from") or "")
    end = place.instant("charge_to", row.get("charge_to") or "")
    if end <= start:
        raise place.wrong("charge_to", row.get("charge_to"), "is not after charge_from.")
    return start, end
