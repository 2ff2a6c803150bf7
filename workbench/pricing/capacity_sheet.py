"""What a capacity sheet in CSV says: accelerators paid for by the hour, and since when.

An error names the file, line, column and value, and what to do; nothing of a sheet with an
error is kept.
"""

import csv
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path

from workbench.errors import PriceError
from workbench.pricing.capacity import THOUSANDTHS, CapacityLine
from workbench.pricing.headers import names_columns
from workbench.pricing.rows import naive_utc
from workbench.units import pico_per_unit

REQUIRED = ("provider", "model", "accelerators", "usd_per_accelerator_hour", "effective_from")
OPTIONAL = (
    "effective_to", "weight_input", "weight_cached_input", "weight_output",
    "tokens_per_accelerator_hour", "source",
)  # fmt: skip
DEFAULT_WEIGHTS = {"weight_input": "1", "weight_cached_input": "0.1", "weight_output": "4"}
MARK = frozenset({"accelerators", "usd_per_accelerator_hour"})
"""Columns by which a sheet is known as one of capacity."""
MOST_ACCELERATORS = 1_000_000
MOST_USD = Decimal(10_000)
MOST_WEIGHT = Decimal(1_000)
MOST_TOKENS = Decimal(10**12)
LAST_DAY = date(9999, 12, 31)


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacitySheet:
    """One reading of one sheet; a later one of the same name supersedes it."""

    sheet_id: str
    source: str
    sha256: str
    known_from: datetime
    """Naive UTC."""
    lines: tuple[CapacityLine, ...]


def is_capacity_sheet(path: Path) -> bool:
    """Say whether a file is a sheet of capacity rather than of prices."""
    return names_columns(path, MARK)


def read_capacity_sheet(path: Path, *, known_from: datetime) -> CapacitySheet:
    """Read a capacity sheet.

    Parameters
    ----------
    path
        The sheet; its first line names the columns, in any order.
    known_from
        When it is imported; naive is UTC.

    Raises
    ------
    PriceError
        If it can't be read or contradicts itself.
    """
    try:
        data = path.read_bytes()
        text = data.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise PriceError(
            f"{path} can't be read as a capacity sheet: {error}. Save it as CSV in UTF-8."
        ) from error
    return capacity_sheet(text, name=path.name, known_from=naive_utc(known_from))


def capacity_sheet(text: str, *, name: str, known_from: datetime) -> CapacitySheet:
    """Return the sheet of a text; `name` is its source and stands in messages."""
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    columns = [column.strip() for column in reader.fieldnames or ()]
    reader.fieldnames = columns
    missing = [column for column in REQUIRED if column not in columns]
    unknown = [column for column in columns if column not in (*REQUIRED, *OPTIONAL)]
    if missing or unknown:
        said = f"no column {', '.join(missing)}" if missing else f"unknown column {unknown[0]!r}"
        raise PriceError(
            f"{name}, line 1: {said}. The columns are {', '.join(REQUIRED)}; "
            f"optional {', '.join(OPTIONAL)}."
        )
    try:
        lines = [_line(record, f"{name}, line {reader.line_num}") for record in reader]
    except csv.Error as error:
        raise PriceError(f"{name}, line {reader.line_num}: not CSV ({error}).") from error
    if not lines:
        raise PriceError(f"{name}: no capacity in the sheet. Add a row, or leave the file out.")
    _refuse_contradictions(lines, name)
    digest = hashlib.sha256(text.encode()).hexdigest()
    named = hashlib.sha256(f"{name}\n{known_from.isoformat()}\n{digest}".encode()).hexdigest()
    return CapacitySheet(
        sheet_id=named[:12], source=name, sha256=digest, known_from=known_from, lines=tuple(lines)
    )


def _line(record: dict[str, str | None], where: str) -> CapacityLine:
    if None in record or None in record.values():
        raise PriceError(f"{where}: not as many values as there are columns. Quote commas.")
    cells = {column: (value or "").strip() for column, value in record.items()}
    for column in ("provider", "model"):
        if not cells[column]:
            raise PriceError(f"{where}, column {column}: is empty. Write it as the logs do.")
    starts = _day(cells, "effective_from", where)
    ends = _day(cells, "effective_to", where) if cells.get("effective_to") else LAST_DAY
    if ends <= starts:
        raise PriceError(f"{where}, column effective_to: {ends} is not after effective_from.")
    usd = _number(cells, "usd_per_accelerator_hour", where, most=MOST_USD)
    pico, _ = pico_per_unit(usd)
    weights = [
        _number({column: cells.get(column) or default}, column, where, most=MOST_WEIGHT)
        for column, default in DEFAULT_WEIGHTS.items()
    ]
    tokens = cells.get("tokens_per_accelerator_hour")
    room = tokens and int(
        _number(cells, "tokens_per_accelerator_hour", where, most=MOST_TOKENS, whole=True)
    )
    if sum(weights) == 0:
        raise PriceError(f"{where}: all weights are 0, so no token would carry any cost.")
    return CapacityLine(
        provider=cells["provider"], model=cells["model"], starts=starts, ends=ends,
        accelerators=int(_number(cells, "accelerators", where, most=Decimal(MOST_ACCELERATORS), whole=True)),
        pico_per_accelerator_hour=pico,
        weights=(_thousandths(weights[0]), _thousandths(weights[1]), _thousandths(weights[2])),
        tokens_per_accelerator_hour=room or None,
    )  # fmt: skip


def _number(
    cells: dict[str, str], column: str, where: str, *, most: Decimal, whole: bool = False
) -> Decimal:
    text = cells[column]
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    least = 1 if whole else 0
    if not value.is_finite() or not least <= value <= most or (whole and value != int(value)):
        kind = "a whole number" if whole else "a number"
        raise PriceError(
            f"{where}, column {column}: {text[:40]!r} is not {kind} from {least} to {most:,}. "
            "Write it with a point and no thousands separator."
        )
    return value


def _thousandths(weight: Decimal) -> int:
    return int((weight * THOUSANDTHS).to_integral_value())


def _day(cells: dict[str, str], column: str, where: str) -> date:
    try:
        return date.fromisoformat(cells[column])
    except ValueError:
        raise PriceError(
            f"{where}, column {column}: {cells[column][:40]!r} is no day. Write it as 2026-01-31; "
            "capacity is paid by whole UTC days."
        ) from None


def _refuse_contradictions(lines: Sequence[CapacityLine], name: str) -> None:
    """Lines of one pool add up, so at one time they must weigh tokens alike."""
    for number, line in enumerate(lines):
        for other in lines[:number]:
            same = (line.provider, line.model) == (other.provider, other.model)
            meet = line.starts < other.ends and other.starts < line.ends
            says_room = (line.tokens_per_accelerator_hour is None) == (
                other.tokens_per_accelerator_hour is None
            )
            if same and meet and (line.weights != other.weights or not says_room):
                raise PriceError(
                    f"{name}: two rows of {line.provider} {line.model} overlap from "
                    f"{max(line.starts, other.starts)} and weigh tokens differently, or only one "
                    "says what an accelerator serves. Rows of one pool add up: write both alike."
                )
