"""Which months are closed, and what with: the immutable records that nothing later moves.

A closed month keeps the prices it was closed with, as the list of price imports and layers that
were in force, and the batches that were in. Batches read later are late: they are in no rollup
of the month and show as prior-period adjustments.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from workbench.errors import InputError
from workbench.store.layout import Layout


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedMonth:
    """What the store needs of one record."""

    month: str
    """Its first day, as the catalog writes months: 2026-10-01."""
    price_imports: tuple[str, ...]
    """Imports in force at the close."""
    price_layers: tuple[str, ...] | None
    """Layers in force at the close; None where the record does not say."""
    batches: tuple[str, ...]
    requests: int
    list_pico: int
    contract_pico: int
    totals_sha256: str

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> "ClosedMonth":
        """Return what one record says."""
        layers, totals = record.get("price_layers"), record["totals"]
        return cls(
            month=f"{record['period']}-01",
            price_imports=tuple(record["price_imports"]),
            price_layers=None if layers is None else tuple(layers),
            batches=tuple(record["batches"]),
            requests=int(totals["requests"]),
            list_pico=int(Decimal(totals["list_cost_usd"]).scaleb(12)),
            contract_pico=int(Decimal(totals["contract_cost_usd"]).scaleb(12)),
            totals_sha256=record["totals_sha256"],
        )


def records(layout: Layout) -> list[dict[str, Any]]:
    """Return the closed months, oldest first.

    Raises
    ------
    InputError
        If a record was changed after the close.
    """
    found = []
    for path in sorted(layout.closes.glob("[0-9][0-9][0-9][0-9]-[0-9][0-9].json")):
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            intact = record["totals_sha256"] == sha256_of(record["totals"])
            ClosedMonth.of(record)
        except (OSError, ValueError, KeyError, TypeError, ArithmeticError) as error:
            raise InputError(f"{path}: not a close record ({error!r}). Restore it.") from error
        if not intact:
            raise InputError(f"{path}: its totals no longer fit their hash. Restore the file.")
        found.append(record)
    return found


def closed_months(layout: Layout) -> list[ClosedMonth]:
    """Return what the store needs of every closed month, oldest first."""
    return [ClosedMonth.of(record) for record in records(layout)]


def key_of(closed: Iterable[ClosedMonth]) -> str:
    """Return what changes when a month is closed; the catalog remembers it."""
    return ",".join(f"{one.month}:{one.totals_sha256}" for one in closed)


def months_changed(before: str, after: str) -> set[str]:
    """Return the months (`2026-10-01`) that two keys say differently."""
    one, other = ({part for part in key.split(",") if part} for key in (before, after))
    return {part.split(":")[0] for part in one ^ other}


def sha256_of(content: Mapping[str, Any]) -> str:
    """Return the hash by which a record's totals are known."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()
