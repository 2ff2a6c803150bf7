"""From a row of the storage price table to a tier the cost model understands."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from workbench.errors import InputError
from workbench.models.retention.cost import Tier
from workbench.models.retention.rules import BINDING_WORDS
from workbench.models.retention.sizes import BYTES_PER_KB
from workbench.units import BYTES_PER_GB

BYTES_PER_GIB = 2**30
SERVICE_COMPRESSION = 0.15
"""Stored bytes per raw byte where the service compresses itself: vendor's word, not measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedTier:
    """A tier, and how sure its prices are."""

    platform: str
    service: str
    region: str
    tier: Tier
    confidence: str
    source: str

    @property
    def may_lead(self) -> bool:
        """True when the prices may lead a result."""
        return self.confidence in BINDING_WORDS

    @property
    def label(self) -> str:
        """Name that tells it from every other row."""
        return f"{self.platform} {self.service} {self.tier.name} ({self.region})"


def priced_tiers(
    rows: Iterable[Mapping[str, str]], *, raw_bytes_per_record: float
) -> list[PricedTier]:
    """Return every row of data/reference/storage_prices.csv that is a place to keep records.

    Left out: egress, delivery fees, and services billed by memory, which price no gigabyte.

    Parameters
    ----------
    rows
        Rows of the table.
    raw_bytes_per_record
        Needed where a service bills records instead of bytes.
    """
    if raw_bytes_per_record <= 0:
        raise InputError(f"A record has bytes, got {raw_bytes_per_record}.")
    table = list(rows)
    standard = {
        (row["platform"], row["region"]): float(row["usd_per_charge_unit"])
        for row in table
        if row["kind"] == "object_store" and row["tier"] == "Standard"
    }
    found = []
    for row in table:
        if row["kind"] not in ("object_store", "log_service"):
            continue
        basis = _basis(row, raw_bytes_per_record)
        if basis is None:
            continue
        per_standard = standard.get((row["platform"], row["region"]), 0.0)
        found.append(_priced(row, basis, per_standard))
    return found


def _priced(row: Mapping[str, str], basis: dict[str, Any], standard_usd: float) -> PricedTier:
    number = _number(row)
    common: dict[str, Any] = {
        "name": row["tier"],
        "ingest_usd_per_gb": number("ingest_usd_per_gb"),
        "put_usd_per_1000": number("put_usd_per_1000"),
        "get_usd_per_1000": number("get_usd_per_1000"),
        "retrieval_usd_per_gb": number("retrieval_usd_per_gb"),
        "minimum_days": int(number("minimum_days")),
        "included_days": int(number("included_days")),
        "minimum_object_kb": number("minimum_object_kb"),
        "overhead_kb": number("overhead_kb_in_tier"),
        "overhead_usd_per_object_month": number("overhead_kb_in_standard")
        * BYTES_PER_KB / BYTES_PER_GB * standard_usd,
        "first_access_hours": number("first_access_hours") if row["first_access_hours"] else None,
    }  # fmt: skip
    return PricedTier(
        platform=row["platform"],
        service=row["service"],
        region=row["region"],
        tier=Tier(**(common | basis)),
        confidence=row["confidence"],
        source=row["source"],
    )


def _basis(row: Mapping[str, str], raw_bytes_per_record: float) -> dict[str, Any] | None:
    number = _number(row)
    usd, ingest = number("usd_per_charge_unit"), number("ingest_usd_per_gb")
    raw = row["kind"] == "log_service"
    per_gib = BYTES_PER_GB / BYTES_PER_GIB
    match row["charge_basis"]:
        case "gb_month" | "raw_gb_month":
            return {"usd_per_gb_month": usd, "stores_raw": raw}
        case "compressed_gb_month":
            factor = SERVICE_COMPRESSION
            return {"usd_per_gb_month": usd, "stores_raw": True, "overhead_factor": factor}
        case "gib_month":
            return {
                "usd_per_gb_month": usd * per_gib,
                "ingest_usd_per_gb": ingest * per_gib,
                "stores_raw": True,
            }
        case "million_events":
            kept = int(number("included_days"))
            return {
                "usd_per_gb_month": 0.0,
                "stores_raw": True,
                "usd_per_million_records": usd,
                "longest_days": kept,
            }
        case "million_event_months":
            records_per_gb = BYTES_PER_GB / raw_bytes_per_record
            return {"usd_per_gb_month": usd * records_per_gb / 1e6, "stores_raw": True}
        case "gb_per_day_year":
            return {"usd_per_gb_month": 0.0, "stores_raw": True, "ingest_usd_per_gb": usd / 365}
    return None


def _number(row: Mapping[str, str]) -> Callable[[str], float]:
    return lambda name: float(row[name] or 0)
