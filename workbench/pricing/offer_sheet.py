"""What an offer sheet in CSV says: terms of capacity that a contract gives and nobody publishes.

An error names the file, line, column and value, and what to do; nothing of a sheet with an
error is kept.
"""

import csv
import hashlib
import io
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final

from workbench.errors import PriceError
from workbench.pricing.headers import names_columns
from workbench.pricing.rows import naive_utc

REQUIRED: Final = ("offer", "provider", "model", "usd_per_unit_hour")
NUMBERS: Final = {
    "usd_per_unit_hour": Decimal(1_000_000), "weighted_tokens_per_minute": Decimal(10**12),
    "minimum_units": Decimal(100_000), "step_units": Decimal(100_000), "term_hours": Decimal(87_660),
    "spill_usd_per_mtok": Decimal(1_000_000), "weight_input": Decimal(10_000),
    "weight_output": Decimal(10_000), "weight_cached_input": Decimal(10_000),
    "weight_output_image": Decimal(10_000),
}  # fmt: skip
"""Columns that are numbers, and their most."""
ABOVE_ZERO: Final = ("usd_per_unit_hour", "weighted_tokens_per_minute", "step_units", "term_hours")
"""Free capacity is no offer: a price of 0 is a mistake in the sheet."""
WHOLE: Final = ("minimum_units", "step_units")
OPTIONAL: Final = (*(name for name in NUMBERS if name not in REQUIRED), "regions", "source")
COLUMNS: Final = (*REQUIRED, *OPTIONAL)
MARK: Final = frozenset({"offer", "usd_per_unit_hour"})
"""Columns by which a sheet is known as one of offers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferSheet:
    """One reading of one sheet; a later one of the same name supersedes it."""

    sheet_id: str
    source: str
    sha256: str
    known_from: datetime
    rows: tuple[dict[str, str], ...]
    """With the columns of the table `commitment_offers`; blank where the sheet says nothing."""


def is_offer_sheet(path: Path) -> bool:
    """Say whether a file is a sheet of offers rather than of prices."""
    return names_columns(path, MARK)


def offer_sheet(text: str, *, name: str, known_from: datetime) -> OfferSheet:
    """Return the sheet of a text; `name` is its source and stands in messages.

    Raises
    ------
    PriceError
        If a column is unknown or missing, a value is no number in range, or an offer stands twice.
    """
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    columns = [column.strip() for column in reader.fieldnames or ()]
    reader.fieldnames = columns
    missing = [column for column in REQUIRED if column not in columns]
    unknown = [column for column in columns if column not in COLUMNS]
    if missing or unknown:
        said = f"no column {', '.join(missing)}" if missing else f"unknown column {unknown[0]!r}"
        raise PriceError(
            f"{name}, line 1: {said}. The columns are {', '.join(REQUIRED)}; "
            f"optional {', '.join(OPTIONAL)}. `workbench prices offers --template` writes them."
        )
    try:
        rows = [_row(record, name, reader.line_num) for record in reader]
    except csv.Error as error:
        raise PriceError(f"{name}, line {reader.line_num}: not CSV ({error}).") from error
    if not rows:
        raise PriceError(f"{name}: no offer in the sheet. Add a row, or leave the file out.")
    _refuse_twice(rows, name)
    digest = hashlib.sha256(text.encode()).hexdigest()
    known = naive_utc(known_from)
    named = hashlib.sha256(f"{name}\n{known.isoformat()}\n{digest}".encode()).hexdigest()
    return OfferSheet(
        sheet_id=named[:12], source=name, sha256=digest, known_from=known, rows=tuple(rows)
    )


def _row(record: dict[str, str | None], name: str, line: int) -> dict[str, str]:
    where = f"{name}, line {line}"
    if None in record or None in record.values():
        raise PriceError(f"{where}: not as many values as there are columns. Quote commas.")
    cells = {column: (value or "").strip() for column, value in record.items()}
    for column in REQUIRED:
        if not cells[column]:
            raise PriceError(
                f"{where}, column {column}: is empty. Nothing unpriced is taken for free: write it, "
                "or leave the row out."
            )
    for column in NUMBERS:
        if cells.get(column):
            _check_number(cells[column], column, where)
    return {column: cells.get(column, "") for column in COLUMNS} | {
        "source": cells.get("source") or name
    }


def _check_number(text: str, column: str, where: str) -> None:
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    least_open = column in ABOVE_ZERO
    fits = value.is_finite() and 0 <= value <= NUMBERS[column] and not (least_open and value == 0)
    if not fits or (column in WHOLE and value != int(value)):
        kind = "a whole number" if column in WHOLE else "a number"
        least = "above 0" if least_open else "from 0"
        raise PriceError(
            f"{where}, column {column}: {text[:40]!r} is not {kind} {least}, up to {NUMBERS[column]:,}. "
            "Write it with a point and no thousands separator."
        )


def _refuse_twice(rows: list[dict[str, str]], name: str) -> None:
    seen: set[tuple[str, str]] = set()
    for row in rows:
        key = row["offer"].casefold(), row["model"].casefold()
        if key in seen:
            raise PriceError(
                f"{name}: offer {row['offer']!r} for {row['model']!r} stands twice. Keep one row."
            )
        seen.add(key)
