"""The one transaction: committed batches and new prices become rollups, together or not at all."""

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from workbench.pricing.book import listing
from workbench.store import batches, closes, price_tables, rollups
from workbench.store.catalog import Catalog
from workbench.workspace import billed, own_capacity, price_imports


def lacks_imports(catalog: Catalog) -> bool:
    """Say whether prices, a witness or an invoice were imported that the catalog does not hold."""
    layout = catalog.layout
    prices = price_imports.key_of(layout, price_imports.layers_of(layout))
    return (
        catalog.meta("imports") != prices
        or (catalog.meta("invoices") or "") != billed.key_of(layout)
        or _has_new_witness(catalog)
    )


def is_due(catalog: Catalog) -> bool:
    """Say whether something was imported, or a month closed, since the last transaction.

    Or whether an earlier version laid the prices out.
    """
    closed = closes.key_of(closes.closed_months(catalog.layout))
    return catalog.meta("closes") != closed or lacks_imports(catalog) or not catalog.has_rates()


def _has_new_witness(catalog: Catalog) -> bool:
    return (catalog.meta("witnesses") or "") != price_imports.witnesses_key(catalog.layout)


def apply(catalog: Catalog, pending: Sequence[Mapping[str, Any]]) -> None:
    """List committed batches, price what is new and roll up the days they touch."""
    layout, layers = catalog.layout, price_imports.layers_of(catalog.layout)
    with catalog.transaction():
        before = len(catalog.tuples())
        batches.add(catalog, pending)
        days = set(rollups.days_of(catalog, source_ids=[one["source_id"] for one in pending]))
        closed = closes.closed_months(layout)
        own_moved = own_capacity.refresh(layout, catalog, days=days, closed=closed)
        book = functools.cache(lambda: price_imports.book_of(layout, layers))
        imports, was = price_imports.key_of(layout, layers), catalog.meta("imports")
        repriced = was != imports
        moved = closes.months_changed(catalog.meta("closes") or "", closes.key_of(closed))
        grown = len(catalog.tuples()) != before
        if repriced or moved or grown or not catalog.has_rates():
            price_imports.compile_books(catalog, book(), closed, layers)
        else:
            catalog.lay_out_prices()
        if repriced or _has_new_witness(catalog):
            told = price_imports.with_witnesses(layout, book())
            price_tables.replace_price_book(catalog, listing(told))
        still = {one.month for one in closed} - moved
        # own prices that moved touch their own days; any other change of the book, all open ones
        days |= own_moved
        if repriced and not (own_moved and price_imports.same_but_own(imports, was)):
            days |= set(rollups.days_of(catalog, but_months=still))
        elif moved:
            days |= set(rollups.days_of(catalog, only_months=moved))
        rollups.refresh(catalog, days=days)
        rollups.restate(catalog)
        if pending or repriced:
            rollups.refresh_outcomes(catalog)
        if billed.key_of(layout) != "" or catalog.meta("invoices"):
            billed.refresh(catalog, book(), days=days)
        catalog.set_meta("imports", imports)
        catalog.set_meta("witnesses", price_imports.witnesses_key(layout))
