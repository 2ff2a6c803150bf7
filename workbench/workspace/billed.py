"""Keeps what was billed beside what was used: invoices shared over the usage they are for.

A closed month keeps the invoices it was closed with; a later one shows in reconciliation and is
booked by a later close.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from workbench.kernel import billed
from workbench.models.billed import PricedCell, UsageCharge, allocate
from workbench.pricing.book import ActivePrices, PriceBook
from workbench.pricing.rows import naive_utc
from workbench.store import closes, invoices, rollups
from workbench.store.catalog import Catalog
from workbench.store.layout import Layout

_CELLS = """
    SELECT r.day, r.served_id, s.provider, s.model, CAST(sum(r.contract_pico) AS VARCHAR) AS pico
    FROM keyed_day AS r JOIN served AS s USING (served_id)
    WHERE r.contract_pico IS NOT NULL GROUP BY ALL
"""


def key_of(layout: Layout) -> str:
    """Return what changes when an invoice is imported; empty without any."""
    return ",".join(sorted(path.stem for path in layout.invoices.glob("*.json")))


def refresh(catalog: Catalog, book: PriceBook, *, days: Iterable[str]) -> None:
    """Share the invoices again over the months that an invoice or usage changed. In a transaction.

    Parameters
    ----------
    book
        The price book, for the names of models.
    days
        Days (ISO text) whose usage or prices changed.
    """
    run = catalog.connection.execute
    months = _months(catalog, days=days)
    if months:
        listed = ", ".join(f"DATE '{month}'" for month in sorted(months))
        run(
            "DELETE FROM billed_cell WHERE list_contains(?::VARCHAR[], strftime(day, '%Y-%m-01'))",
            [sorted(months)],
        )
        _fill_cells(catalog, book.at(None), months)
        for statement in billed.fill_days(months=listed):
            run(statement)
        for month in sorted(months):
            rows = rollups.priced(catalog, month=month)
            for statement in billed.fill_rates(month=month, rows=rows):
                run(statement)
    catalog.set_meta("invoices", key_of(catalog.layout))


def _months(catalog: Catalog, *, days: Iterable[str]) -> set[str]:
    """Return the first days of months to share again: those of changed days, or all that were invoiced."""
    invoiced = {f"{line['month']}-01" for line in invoices.lines(catalog.layout)}
    held = catalog.connection.execute("SELECT DISTINCT strftime(day, '%Y-%m-01') FROM billed_cell")
    known = invoiced | {row[0] for row in held.fetchall()}
    if (catalog.meta("invoices") or "") != key_of(catalog.layout):
        return known
    return known & {f"{day[:7]}-01" for day in days}


def _fill_cells(catalog: Catalog, active: ActivePrices, months: set[str]) -> None:
    cells = [
        (row, active.canonical(row["provider"], row["model"]))
        for row in catalog.query(_CELLS).to_pylist()
        if f"{row['day']:%Y-%m}-01" in months
    ]
    by_key = {(row["day"], row["served_id"]): int(row["pico"]) for row, _ in cells}
    billed_by = {row["provider"].lower(): provider for row, (provider, _) in cells}
    found = allocate(
        [
            _charge(line, active, billed_by)
            for line in _usage_lines(catalog.layout)
            if f"{line['month']}-01" in months
        ],
        [
            PricedCell(
                key=(row["day"], row["served_id"]), provider=provider, model=model.lower(),
                day=row["day"], contract_pico=int(row["pico"]),
            )
            for row, (provider, model) in cells
        ],
    )  # fmt: skip
    if found.cells_pico:
        rows = [(*key, str(pico), str(by_key[key])) for key, pico in found.cells_pico.items()]
        catalog.connection.executemany("INSERT INTO billed_cell VALUES (?, ?, ?, ?)", rows)


def _usage_lines(layout: Layout) -> Iterator[Mapping[str, Any]]:
    """Yield the charges for usage that count: of closed months, those known at the close."""
    closed = {
        record["period"]: naive_utc(datetime.fromisoformat(record["closed_at"]))
        for record in closes.records(layout)
    }
    for line in invoices.lines(layout):
        if line["month"] not in closed and line["kind"] == "usage":
            yield line
    for month, closed_at in closed.items():
        for line in invoices.lines(layout, known_at=closed_at):
            if line["month"] == month and line["kind"] == "usage":
                yield line


def charged_for(
    line: Mapping[str, Any], active: ActivePrices, billed_by: Mapping[str, str]
) -> tuple[str, str]:
    """Return provider and model of an invoice line as the logs have them; the model may be empty."""
    provider, model = billed_by.get(line["provider"].lower(), line["provider"]), line["model"]
    if model:
        provider, model = active.canonical(provider, model)
        model = model.lower()
    return provider, model


def _charge(
    line: Mapping[str, Any], active: ActivePrices, billed_by: Mapping[str, str]
) -> UsageCharge:
    provider, model = charged_for(line, active, billed_by)
    return UsageCharge(
        provider=provider, month=line["month"], billed_pico=line["billed_pico"], model=model or None,
        day=_day(line["charge_from"], line["charge_to"]),
    )  # fmt: skip


def _day(begin: datetime | None, end: datetime | None) -> date | None:
    """Return the day a charge is for, where it is for no more than one (its end is exclusive)."""
    if begin is None or end is None or not begin < end:
        return None
    midnight = datetime.combine(begin.date(), datetime.min.time())
    return begin.date() if end <= midnight + timedelta(days=1) else None
