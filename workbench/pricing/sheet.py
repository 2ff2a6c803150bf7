"""What a price sheet in CSV or Excel says: contract terms, our overlay, or list-price history.

One row a price: provider, model, meter, usd, per; the rest is optional. An error names the
file, line, column and value, and what to do; nothing of a sheet with an error is imported.
"""

import csv
import difflib
import hashlib
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from pathlib import Path

from workbench.errors import PriceError
from workbench.pricing.bands import banded
from workbench.pricing.rows import (
    ANY_CONTEXT,
    CONFIRMED,
    EVERY_METER,
    NO_CONTEXT,
    PriceImport,
    PriceRow,
    naive_utc,
    parse_variant,
    variant_text,
)
from workbench.pricing.sheet_excel import is_excel, read_workbook
from workbench.schema import METER_NAMES
from workbench.units import PICO_PER_USD, pico_per_unit

REQUIRED = ("provider", "model", "meter", "usd", "per")
OPTIONAL = (
    "effective_from", "effective_to", "context_above", "context_upto", "service_tier", "region", "currency",
    "source", "price_variant", "multiplier", "retrieved_on", "confidence",
)  # fmt: skip
PER = (1, 1_000, 1_000_000, 3_600)
SYNONYMS = {
    "input_tokens": ("uncached_input_tokens",),
    "cache_write_tokens": ("cache_write_5m_tokens", "cache_write_unknown_tokens"),
}
"""Names finance sheets use. `reasoning_tokens` is the full price of a reasoning token."""

LARGEST_USD = 10**9
LONGEST_COUNT = 18


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a value stands, for messages."""

    file: str
    line: int
    letters: Mapping[str, str] = field(default_factory=dict)
    """Excel's letter of each column; empty for CSV."""

    def wrong(self, column: str, value: object, what: str) -> PriceError:
        cell = (
            f"cell {self.letters[column]}{self.line}"
            if column in self.letters
            else f"line {self.line}"
        )
        return PriceError(f"{self.file}, {cell}, column {column}: {value!r} {what}")


def read_sheet(
    path: Path,
    *,
    known_from: datetime,
    layer: str = "contract",
    source: str | None = None,
    source_version: str | None = None,
) -> PriceImport:
    """Read a price sheet in CSV, or in Excel with the same columns.

    Parameters
    ----------
    path
        The sheet; its first line names the columns, in any order. Of a workbook every sheet is
        read whose first row names provider and model; a number is the shortest decimal of its
        cell (`sheet_excel`).
    known_from
        When the sheet is imported; naive is UTC.
    layer
        contract, overlay or history.
    source
        Name the sheet goes by; a later import of the same name supersedes it. The file name
        when absent.
    source_version
        The first characters of the file's sha256 when absent.

    Raises
    ------
    PriceError
        If the sheet can't be read or contradicts itself.
    """
    try:
        data = path.read_bytes()
        text = "" if is_excel(path) else data.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise PriceError(
            f"{path} can't be read as a price sheet: {error}. Save it as CSV in UTF-8."
        ) from error
    digest = hashlib.sha256(data).hexdigest()
    known, name = naive_utc(known_from), source or path.name
    rows = _workbook_rows(path) if is_excel(path) else parse_sheet(text, name=path.name)
    if layer == "contract" and (scaled := next((row for row in rows if row.multiplier), None)):
        raise _Place(path.name, scaled.line).wrong(
            "multiplier", scaled.multiplier, "is for list prices. Write the agreed prices out."
        )
    return PriceImport(
        import_id=_import_id(layer, name, known, digest),
        layer=layer,
        source=name,
        source_version=source_version or digest[:12],
        known_from=known,
        retrieved_on=known.date(),
        rows=tuple(rows),
        sha256=digest,
    )


def _import_id(layer: str, source: str, known_from: datetime, digest: str) -> str:
    """Name an import: the same bytes imported again later are another import."""
    text = "\n".join((layer, source, known_from.isoformat(), digest))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def parse_sheet(text: str, *, name: str) -> list[PriceRow]:
    """Return the rows of a sheet's text, input bands made disjoint; `name` is for messages."""
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        _check_columns(reader.fieldnames or (), name)
        stated = [
            row
            for record in reader
            if any(value and value != [""] for value in record.values())
            for row in _rows(record, _Place(name, reader.line_num))
        ]
    except csv.Error as error:
        raise PriceError(
            f"{name}, line {reader.line_num}: not CSV ({error}). Check the quotes."
        ) from error
    return _banded(stated, name)


def _banded(stated: Sequence[PriceRow], name: str) -> list[PriceRow]:
    if not stated:
        raise PriceError(f"{name}: no price in the sheet. Add a row, or leave the file out.")
    return list(banded(stated, name=name))


def _workbook_rows(path: Path) -> list[PriceRow]:
    """Return the rows of all price sheets of a workbook; contradictions between them are the book's to refuse."""
    found: list[PriceRow] = []
    for one in read_workbook(path):
        name = f"{path.name}, sheet {one.sheet!r}"
        _check_columns(one.columns, name, line=one.header_row)
        found += _banded(
            [
                row
                for number, cells in one.rows
                for row in _rows(cells, _Place(name, number, one.letters))
            ],
            name,
        )
    return found


def _check_columns(found: Sequence[str], name: str, *, line: int = 1) -> None:
    allowed = (*REQUIRED, *OPTIONAL)
    for number, column in enumerate(found, start=1):
        if column not in allowed:
            raise PriceError(
                f"{name}, line {line}: unknown column {column!r} (number {number}). "
                f"{_closest(column, allowed)}The columns are {', '.join(allowed)}."
            )
    if len(set(found)) < len(found):
        raise PriceError(f"{name}, line {line}: a column is named twice. Remove one of them.")
    if missing := [column for column in REQUIRED if column not in found]:
        raise PriceError(
            f"{name}, line {line}: no column {', '.join(missing)}. Add it; found {', '.join(found)}."
        )


def _closest(value: str, allowed: Iterable[str]) -> str:
    near = difflib.get_close_matches(value.lower(), list(allowed), n=1, cutoff=0.4)
    return f"Did you mean {near[0]!r}? " if near else ""


def _rows(record: dict[str, str], place: _Place) -> Iterator[PriceRow]:
    if None in record or None in record.values():
        raise PriceError(
            f"{place.file}, line {place.line}: not as many values as there are columns. "
            "Quote values that hold a comma."
        )
    cells = {column: value.strip() for column, value in record.items()}
    for column in ("provider", "model", "meter"):
        if not cells[column]:
            raise place.wrong(column, "", "is empty. Fill it in.")
    if (currency := cells.get("currency", "")).upper() not in ("", "USD"):
        raise place.wrong(
            "currency", currency, "is not USD, and prices are kept in USD. "
            "Convert the sheet at a dated rate first, and name the rate in column source.",
        )  # fmt: skip
    multiplier = _multiplier(cells, place)
    pico, is_exact = (None, True) if multiplier else _price(cells, place)
    begin, end = _dates(cells, place)
    over = _threshold(cells, "context_above", place, empty=NO_CONTEXT)
    upto = _threshold(cells, "context_upto", place, empty=ANY_CONTEXT)
    if upto <= over:
        raise place.wrong("context_upto", cells["context_upto"], "is not over context_above.")
    for meter in _meters(cells["meter"], place, is_multiplier=multiplier is not None):
        _refuse_overflow(meter, pico, cells, place)
        yield PriceRow(
            provider=cells["provider"],
            model=cells["model"],
            meter=meter,
            pico=pico,
            effective_from=begin,
            effective_to=end,
            variant=_variant(cells, place),
            region=cells.get("region", "").lower(),
            context_over=over,
            context_upto=upto,
            multiplier=multiplier,
            inexact=not is_exact,
            confidence=cells.get("confidence", "").lower() or CONFIRMED,
            cited=cells.get("source", ""),
            retrieved_on=_day(cells, place),
            line=place.line,
        )


def _meters(name: str, place: _Place, *, is_multiplier: bool) -> tuple[str, ...]:
    if is_multiplier:
        if name != EVERY_METER:
            raise place.wrong("meter", name, f"has a multiplier; write {EVERY_METER!r}.")
        return (EVERY_METER,)
    if name in SYNONYMS:
        return SYNONYMS[name]
    if name not in METER_NAMES:
        near = _closest(name, (*METER_NAMES, *SYNONYMS))
        raise place.wrong("meter", name, f"is no meter. {near}See docs for the list of meters.")
    return (name,)


def _multiplier(cells: dict[str, str], place: _Place) -> Decimal | None:
    text = cells.get("multiplier", "")
    if not text:
        return None
    if cells["usd"] or cells["per"]:
        raise place.wrong("multiplier", text, "stands beside a price. Leave usd and per empty.")
    return _number(text, "multiplier", place)


def _price(cells: dict[str, str], place: _Place) -> tuple[int, bool]:
    usd = _number(cells["usd"], "usd", place)
    if cells["per"] not in {str(number) for number in PER}:
        raise place.wrong(
            "per", cells["per"], "is not how many units the price is for. Use 1, 1000, 1000000 "
            "(a million) or 3600 (an hour in seconds).",
        )  # fmt: skip
    return pico_per_unit(usd, per=int(cells["per"]))


HIGHEST_PICO = 8 * 10**18


def _refuse_overflow(meter: str, pico: int | None, cells: dict[str, str], place: _Place) -> None:
    """Refuse a price that no BIGINT of pico-USD holds, a regional uplift included."""
    if pico is not None and pico > HIGHEST_PICO:
        usd = Decimal(HIGHEST_PICO * int(cells["per"])) / PICO_PER_USD
        raise place.wrong(
            "usd", cells["usd"], f"for {cells['per']} is more than {usd:,f} USD, the highest "
            f"price of {meter} that can be kept exactly. Check per.",
        )  # fmt: skip


def _number(text: str, column: str, place: _Place) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise place.wrong(
            column, text, "is no number. Write it with a point and no thousands separator."
        ) from None
    if not number.is_finite() or not 0 <= number <= LARGEST_USD:
        raise place.wrong(
            column, text, "is no price. Write a number from 0 up to a thousand million."
        )
    return number


def _dates(cells: dict[str, str], place: _Place) -> tuple[datetime | None, datetime | None]:
    begin, end = (_instant(cells, column, place) for column in ("effective_from", "effective_to"))
    if begin and end and end <= begin:
        raise place.wrong("effective_to", cells["effective_to"], "is not after effective_from.")
    return begin, end


def _instant(cells: dict[str, str], column: str, place: _Place) -> datetime | None:
    """Read a day or an instant; what has no zone is UTC, a day is its midnight."""
    text = cells.get(column, "")
    if not text:
        return None
    try:
        return naive_utc(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        raise place.wrong(column, text, "is no date. Write it as 2026-01-31.") from None


def _day(cells: dict[str, str], place: _Place) -> date | None:
    found = _instant(cells, "retrieved_on", place)
    return found.date() if found else None


def _threshold(cells: dict[str, str], column: str, place: _Place, *, empty: int) -> int:
    text = cells.get(column, "")
    if not text:
        return empty
    if not (text.isascii() and text.isdigit() and len(text) <= LONGEST_COUNT):
        raise place.wrong(column, text, "is no number of tokens. Write it as 200000.")
    return int(text)


def _variant(cells: dict[str, str], place: _Place) -> str:
    stated = cells.get("price_variant", "")
    if stated and not all("=" in part for part in stated.split(";") if part.strip()):
        raise place.wrong("price_variant", stated, "is no variant. Write it as route=eu.")
    conditions = parse_variant(stated)
    tier = cells.get("service_tier", "").lower()
    if tier == "batch":
        conditions["processing"] = "batch"
    elif tier not in ("", "standard", "default"):
        conditions["service_tier"] = tier
    return variant_text(conditions)


def midnight(day: date) -> datetime:
    """Return midnight UTC of a day, naive as the book keeps it."""
    return datetime.combine(day, time())
