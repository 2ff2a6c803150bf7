"""Which prices the workbench ships with, so that list prices need no network."""

import hashlib
from dataclasses import replace
from functools import cache

from workbench.pricing.rows import PriceImport
from workbench.pricing.sheet import midnight, read_sheet
from workbench.reference import data_folder

SOURCE = "workbench"
FILES = ("default.parquet", "overlay.csv", "history.csv")


def shipped_fingerprint() -> str:
    """Return the sha256 of the shipped price files, to tell a new book from the known one."""
    digest = hashlib.sha256()
    for name in FILES:
        digest.update((data_folder() / "prices" / name).read_bytes())
    return digest.hexdigest()


def shipped_imports() -> list[PriceImport]:
    """Return the default book, our overlay and the price history, as shipped.

    `known_from` is the day each was compiled or last read at its source, never the clock, so
    that a figure priced from them is the same on every machine.
    """
    return [_default(), _sheet("overlay"), _sheet("history")]


@cache
def _default() -> PriceImport:
    return PriceImport.load(data_folder() / "prices" / "default.parquet")


@cache
def _sheet(layer: str) -> PriceImport:
    path = data_folder() / "prices" / f"{layer}.csv"
    default = _default()
    read = read_sheet(path, layer=layer, source=SOURCE, known_from=default.known_from)
    day = max(row.retrieved_on or default.retrieved_on for row in read.rows)
    return replace(read, source_version=day.isoformat(), retrieved_on=day, known_from=midnight(day))
