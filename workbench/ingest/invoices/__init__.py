"""Invoices in: what a provider billed, line by line, exact, from its own files.

An invoice is taken whole or refused whole: one line that cannot be read would make every
comparison with it wrong.
"""

import csv
import hashlib
import io
from collections import Counter
from pathlib import Path

from workbench.errors import IngestError, shown
from workbench.ingest.invoices import focus, provider_costs, sheet
from workbench.ingest.invoices.line import KINDS, InvoiceFile, InvoiceLine, Kind, Place

__all__ = ["KINDS", "InvoiceFile", "InvoiceLine", "Kind", "read_invoice"]

CSV_FORMATS = (focus, sheet)


def read_invoice(path: Path, *, provider: str | None = None) -> InvoiceFile:
    """Read an invoice: the workbench's sheet, FOCUS, or a provider's cost report.

    Parameters
    ----------
    path
        The file; UTF-8, with or without a byte order mark.
    provider
        Who billed, as the logs name it; from the file where None.

    Raises
    ------
    IngestError
        If the format is none of these, or any line of it cannot be read.
    """
    try:
        data = path.read_bytes()
        text = data.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise IngestError(f"{path}: cannot be read as an invoice ({error}).") from error
    if text.lstrip()[:1] in ("{", "["):
        name, records, lines, skipped = _from_json(text, path, provider)
    else:
        name, records, lines, skipped = _from_csv(text, path, provider)
    if not lines:
        raise IngestError(
            f"{path}: no charge for an AI service among its {records:,} records. If the provider "
            "bills AI under another service name, make a sheet: provider, month, usd."
        )
    across = sum(1 for one in lines if (one.charge_to - one.charge_from).days > 31)
    notes = (f"{across} charges are longer than a month; each counts in the month it begins",)
    return InvoiceFile(
        name=path.name, format=name, sha256=hashlib.sha256(data).hexdigest(), records=records,
        lines=tuple(lines), skipped=dict(skipped), notes=notes if across else (),
    )  # fmt: skip


def _from_json(
    text: str, path: Path, provider: str | None
) -> tuple[str, int, list[InvoiceLine], Counter[str]]:
    place = Place(path, 0)
    found = provider_costs.buckets(text, place)
    lines = list(provider_costs.lines(found, place, provider=provider))
    return provider_costs.format_of(found, place), len(lines), lines, Counter()


def _from_csv(
    text: str, path: Path, provider: str | None
) -> tuple[str, int, list[InvoiceLine], Counter[str]]:
    reader = csv.DictReader(io.StringIO(text, newline=""))
    columns = [column.strip() for column in reader.fieldnames or ()]
    reader.fieldnames = columns
    form = next((one for one in CSV_FORMATS if one.fits(columns)), None)
    if form is None and (lacking := focus.lacks(columns)):
        raise IngestError(
            f"{path}: is FOCUS without the column {shown(lacking)}. Export it with them: a cost "
            "without its currency and period cannot be compared. Nothing was imported."
        )
    if form is None:
        known = "; ".join([*(one.LOOKS_LIKE for one in CSV_FORMATS), provider_costs.LOOKS_LIKE])
        raise IngestError(f"{path}: is no invoice that is known. There are: {known}.")
    lines: list[InvoiceLine] = []
    skipped: Counter[str] = Counter()
    records = 0
    for row in reader:
        if not any(row.values()):
            continue
        records += 1
        place = Place(path, records)
        if None in row or None in row.values():
            raise place.wrong("row", len(row), "has another number of fields than the header.")
        found = list(form.lines(row, place, provider=provider))
        lines += found
        if not found:
            skipped[focus.NOT_AI] += 1
    return form.NAME, records, lines, skipped
