"""Own accelerators of a workspace: their sheets, and the daily prices that follow from usage.

Sheets are immutable (`store/prices/capacity/`). The prices are derived (`store/prices/own/`):
a function of sheets and metering rows, made again for the days an ingest touches.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from workbench.errors import PriceError
from workbench.pricing.capacity import CapacityDay, ServedHour, capacity_days, price_rows
from workbench.pricing.capacity_sheet import (
    CapacitySheet,
    capacity_sheet,
    is_capacity_sheet,
    read_capacity_sheet,
)
from workbench.pricing.rows import ALLOCATED, PriceImport, PriceRow
from workbench.store import files
from workbench.store.catalog import Catalog
from workbench.store.closes import ClosedMonth
from workbench.store.layout import Layout
from workbench.units import usd_from_pico

_SERVED = """
    SELECT provider, model, CAST(started_at AS DATE) AS day,
           CAST(EXTRACT(hour FROM started_at) AS INTEGER) AS hour,
           CAST(sum(uncached_input_tokens + cache_write_5m_tokens + cache_write_1h_tokens
                    + cache_write_unknown_tokens) AS BIGINT) AS input,
           CAST(sum(cache_read_tokens) AS BIGINT) AS cached,
           CAST(sum(output_tokens) AS BIGINT) AS output
    FROM {usage}
    WHERE lower(provider) IN (SELECT lower(unnest($providers::VARCHAR[]))) {only}
    GROUP BY provider, model, day, hour
"""


Sheets = Mapping[Path, CapacitySheet]


def read(paths: Iterable[Path], *, known_from: datetime) -> Sheets:
    """Read those of some files that are sheets of capacity.

    Raises
    ------
    PriceError
        If a sheet contradicts itself.
    """
    return {
        path: read_capacity_sheet(path, known_from=known_from)
        for path in paths
        if is_capacity_sheet(path)
    }


def keep(layout: Layout, read: Sheets) -> list[CapacitySheet]:
    """Keep sheets for good; return those that say something new.

    A sheet whose newest of the same name says the same is not kept again.
    """
    held = {one.source: one.sha256 for one in newest(layout)}
    new = {path: one for path, one in read.items() if held.get(one.source) != one.sha256}
    for path, sheet in new.items():
        content = {
            "source": sheet.source, "known_from": sheet.known_from.isoformat(),
            "text": path.read_text(encoding="utf-8-sig"),
        }  # fmt: skip
        staged = layout.staging / f"{sheet.sheet_id}.json"
        staged.write_text(json.dumps(content), encoding="utf-8")
        files.move(staged, layout.capacity / staged.name)
    return list(new.values())


def derived(layout: Layout, kept: Iterable[CapacitySheet]) -> list[PriceImport]:
    """Return the prices that follow from sheets."""
    return [
        PriceImport.load(path)
        for sheet in kept
        for path in layout.own_prices.glob(f"{sheet.sheet_id}-*.parquet")
    ]


def sheets(layout: Layout) -> list[CapacitySheet]:
    """Return every sheet kept, the oldest first."""
    found: list[CapacitySheet] = []
    for path in layout.capacity.glob("*.json"):
        try:
            said = json.loads(path.read_text(encoding="utf-8"))
            known = datetime.fromisoformat(said["known_from"])
            found.append(capacity_sheet(said["text"], name=said["source"], known_from=known))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise PriceError(
                f"{path} is no capacity sheet of the workbench ({error}). Import the sheet again."
            ) from error
    return sorted(found, key=lambda one: (one.known_from, one.sheet_id))


def newest(layout: Layout) -> list[CapacitySheet]:
    """Return the sheets that hold today: the newest of each name."""
    return list({one.source: one for one in sheets(layout)}.values())


def refresh(
    layout: Layout, catalog: Catalog, *, days: Collection[str], closed: Iterable[ClosedMonth]
) -> set[str]:
    """Price the own tokens of `days` again, all days of a sheet that has no prices yet.

    Prices that a closed month names are set aside before they are replaced.

    Returns
    -------
    set of str
        Days (ISO text) whose price changed.
    """
    moved: set[str] = set()
    named = {name for one in closed for name in one.price_imports}
    for sheet in sheets(layout):
        stale = list(layout.own_prices.glob(f"{sheet.sheet_id}-*.parquet"))
        before = [row for path in stale for row in PriceImport.load(path).rows]
        served = _served(catalog, sheet, days=days if stale else None)
        touched = {date.fromisoformat(day) for day in days} | {one.day for one in served}
        if not stale:
            touched = {one.day for one in served}
        kept = [row for row in before if row.starts.date() not in touched]
        fresh = price_rows(
            capacity_days(sheet.lines, served, days=touched), cited="own accelerator hours"
        )
        after = sorted((*kept, *fresh), key=_place)
        changed = {_place(row) for row in set(before) ^ set(after)}
        if changed or not stale:
            _write(layout, sheet, after, stale=stale, named=named)
        moved |= {str(place[0].date()) for place in changed}
    return moved


def statement(layout: Layout, catalog: Catalog, *, through: date) -> list[CapacityDay]:
    """Return where each day's bill went, up to a day, by the sheets that hold today."""
    found: list[CapacityDay] = []
    for sheet in newest(layout):
        first = min(line.starts for line in sheet.lines)
        days = [first + timedelta(days=n) for n in range((through - first).days + 1)]
        found += capacity_days(sheet.lines, _served(catalog, sheet, days=None), days=days)
    return found


def months(layout: Layout, catalog: Catalog, *, through: date | None) -> list[dict[str, Any]]:
    """Return the statement up to a day by pool and month; nothing where there is no day yet."""
    return [] if through is None else by_month(statement(layout, catalog, through=through))


def by_month(days: Iterable[CapacityDay]) -> list[dict[str, Any]]:
    """Sum a statement by pool and month; money exact, as Decimal US dollars."""
    sums: dict[tuple[str, str, str], dict[str, Any]] = {}
    for one in days:
        key = (f"{one.day:%Y-%m}", one.provider, one.model)
        total = sums.setdefault(
            key, {"bill": 0, "allocated": 0, "unused": 0, "rounding": 0, "tokens": 0.0, "busy": 0, "hours": 0}
        )  # fmt: skip
        for name in ("bill", "allocated", "unused", "rounding"):
            total[name] += getattr(one, f"{name}_pico")
        total["tokens"] += one.weighted_tokens
        total["busy"] += one.busy_hours
        total["hours"] += 24
    return [
        {
            "month": month, "provider": provider, "model": model,
            **{f"{n}_usd": usd_from_pico(total[n]) for n in ("bill", "allocated", "unused", "rounding")},
            "unused_share": float(Decimal(total["unused"]) / total["bill"]) if total["bill"] else 0.0,
            "weighted_mtok": total["tokens"] / 1e6,
            "busy_hours": total["busy"], "hours": total["hours"],
        }
        for (month, provider, model), total in sorted(sums.items())
    ]  # fmt: skip


def _served(
    catalog: Catalog, sheet: CapacitySheet, *, days: Collection[str] | None
) -> list[ServedHour]:
    only = "" if days is None else "AND CAST(started_at AS DATE) IN (SELECT unnest($days::DATE[]))"
    months = None if days is None else sorted({f"{day[:7]}-01" for day in days})
    if months == []:
        return []
    spelled = {line.provider.lower(): line.provider for line in sheet.lines}
    asked: dict[str, Any] = {"providers": list(spelled)}
    if days is not None:
        asked["days"] = sorted(days)
    rows = catalog.rows(
        _SERVED.format(usage=catalog.relation("usage", months=months), only=only), asked
    )
    return [
        ServedHour(**{**row, "provider": spelled[row["provider"].lower()]}) for row in rows
    ]  # fmt: skip


def _place(row: PriceRow) -> tuple[datetime, str, str, str]:
    return (row.starts, row.provider, row.model, row.meter)


def _write(
    layout: Layout,
    sheet: CapacitySheet,
    rows: list[PriceRow],
    *,
    stale: list[Path],
    named: Collection[str],
) -> None:
    told = hashlib.sha256(repr([(*_place(row), row.pico) for row in rows]).encode()).hexdigest()
    one = PriceImport(
        import_id=told[:12], layer="contract", source=sheet.source,
        source_version=f"{ALLOCATED} {sheet.sha256[:12]}", known_from=sheet.known_from,
        retrieved_on=sheet.known_from.date(), rows=tuple(rows), sha256=sheet.sha256,
    )  # fmt: skip
    staged = layout.staging / f"{sheet.sheet_id}-{one.import_id}.parquet"
    one.save(staged)
    files.move(staged, layout.own_prices / staged.name)
    for path in stale:
        if path.name == staged.name:
            continue
        if path.stem in named:
            files.move(path, layout.closed_own_prices / path.name)
        else:
            path.unlink()
