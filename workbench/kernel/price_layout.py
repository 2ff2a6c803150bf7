"""Where the price of a request stands: compiled prices laid out so that a request counts its way.

The compiled prices of a rate key are a grid without holes: dates x input bands x seconds of the
day (`workbench.pricing.rates`). Laid out one after the other, each has a number, its slot. A
request starts from the first slot of its key and adds what it is past of the key's changes of
date, band and hour. No range is searched: one join finds the key, the other takes the price by
its slot, a small dense integer that an engine looks up by position. Slot 0 is "no price at all",
so that the second join always finds a row and no request can fall out of it.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from workbench.schema import METER_NAMES

BASES = ("list", "contract")
CURRENT = "_current"
"""Suffix of the price tables that hold today's prices of closed months."""
FLAGS = (
    "price_row", "known", "has_contract",
    *(f"{basis}_{flag}" for basis in BASES for flag in ("missing", "derived", "assumed", "version")),
)  # fmt: skip
MINIMA = ("audio_seconds", "input_audio_seconds")
_DAY_S = 86_400
_NEVER = {"date": "TIMESTAMP '9999-12-31 00:00:00'", "band": str(2**62), "second": str(_DAY_S)}
"""A change that no request is past."""
_BEGINS = {"date": "effective_from", "band": "context_over", "second": "second_from"}
"""The axes of the grid, the innermost last, and the column that says where a piece begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """How often the price of any one key changes, at most: within a month, a size, a day."""

    date: int = 0
    band: int = 0
    second: int = 0


def price_tables() -> list[str]:
    """Return the statements that lay the compiled `rates` out, each price with its slot.

    Reads `rates` (one disjoint row per book, tuple, interval, window and band), `rate_keys`
    (rate key -> tuple and month) and `closed_month` (month -> the book it was closed with; book 0
    is today's). A price row is repeated for each month it touches, so that a request meets only
    the prices of its own month: those a closed month was closed with, today's for any other.
    The tables with the suffix `CURRENT` hold today's prices of closed months, for what a closed
    month would come to now and for rows that arrived after its close.
    """
    months = "SELECT k.rate_key, k.tuple_id, k.month, c.book FROM rate_keys AS k"
    months_of = {
        "": f"{months} LEFT JOIN closed_month AS c ON c.month = k.month",
        CURRENT: f"{months} JOIN closed_month AS c ON c.month = k.month",
    }
    book_of = {"": "coalesce(k.book, 0)", CURRENT: "0"}
    begins = ", ".join(f"r.{name}" for name in _BEGINS.values())
    number_of = ", ".join(
        f"dense_rank() OVER (PARTITION BY k.rate_key ORDER BY r.{begin}) - 1 AS {axis}_no"
        for axis, begin in _BEGINS.items()
    )
    minima = ", ".join(f"coalesce(r.minimum_{n}, 0) AS minimum_{n}" for n in MINIMA)
    statements = []
    for suffix, priced in months_of.items():
        statements += [
            f"CREATE OR REPLACE TABLE price_wide{suffix} AS SELECT "
            f"CAST(row_number() OVER (ORDER BY k.rate_key, {begins}) AS INTEGER) AS slot, "
            f"{number_of}, k.rate_key, {begins}, {minima}, {_flags()}, {_prices(METER_NAMES)} "
            f"FROM rates AS r JOIN ({priced}) AS k ON k.tuple_id = r.rate_key"
            f" AND r.book = {book_of[suffix]}"
            " AND r.effective_from < k.month + INTERVAL 1 MONTH AND r.effective_to > k.month",
            f"INSERT INTO price_wide{suffix} (slot) VALUES (0)",
        ]
    return statements


def most_changes() -> str:
    """Return the query of the fields of `Changes`, over the laid out prices."""
    most = ", ".join(f"coalesce(max({axis}_no), 0) AS {axis}" for axis in _BEGINS)
    return (
        f"SELECT {most} FROM (SELECT * FROM price_wide UNION ALL SELECT * FROM price_wide{CURRENT})"
    )


def key_tables(changes: Changes) -> list[str]:
    """Return the statements that list the keys: first slot, steps, and where prices change."""
    columns = [
        "rate_key",
        "min(slot) AS slot",
        "CAST((max(band_no) + 1) * (max(second_no) + 1) AS INTEGER) AS date_step",
        "CAST(max(second_no) + 1 AS INTEGER) AS band_step",
    ]
    for axis, begin in _BEGINS.items():
        columns += [
            f"coalesce(max({begin}) FILTER (WHERE {axis}_no = {number}), {_NEVER[axis]}) AS {axis}_{number}"
            for number in range(1, getattr(changes, axis) + 1)
        ]
    return [
        f"CREATE OR REPLACE TABLE price_key{suffix} AS SELECT {', '.join(columns)} "
        f"FROM price_wide{suffix} WHERE slot >= 1 GROUP BY rate_key"
        for suffix in ("", CURRENT)
    ]


def joins(changes: Changes, *, prices: str = "") -> str:
    """Return the joins from a request `u` by its key `k` to its price `r`; `prices` is the suffix."""
    steps = [
        _passed("u.started_at >=", axis="date", many=changes.date, step="k.date_step"),
        _passed("u.context_tokens >", axis="band", many=changes.band, step="k.band_step"),
        _passed(f"{_SECOND} >=", axis="second", many=changes.second, step="1"),
    ]
    slot = " + ".join(("k.slot", *filter(None, steps)))
    return (
        f"LEFT JOIN price_key{prices} AS k ON k.rate_key = u.rate_key"
        f" JOIN price_wide{prices} AS r ON r.slot = coalesce({slot}, 0)"
    )


_SECOND = (
    "(EXTRACT(hour FROM u.started_at) * 3600 + EXTRACT(minute FROM u.started_at) * 60"
    " + EXTRACT(second FROM u.started_at))"
)


def _passed(is_past: str, *, axis: str, many: int, step: str) -> str:
    """Return SQL of what the changes a request is past add to its slot; empty if there are none.

    The clock is read for keys alone whose price depends on it.
    """
    if not many:
        return ""
    cases = [
        f"WHEN NOT {is_past} k.{axis}_{number} THEN {number - 1} * {step}"
        for number in range(1, many + 1)
    ]
    if axis == "second":
        cases.insert(0, f"WHEN k.{axis}_1 >= {_DAY_S} THEN 0")
    return f"CASE {' '.join(cases)} ELSE {many} * {step} END"


def _flags() -> str:
    """Bookkeeping of a price row; a model that no book knows misses no meter, it has no price."""
    known = "r.canonical_model IS NOT NULL"
    return ", ".join(
        (
            "r.price_row",
            f"{known} AS known",
            "r.has_contract",
            *(
                f"CASE WHEN {known} THEN r.{basis}_missing_mask ELSE 0 END AS {basis}_missing, "
                f"r.{basis}_derived_mask AS {basis}_derived, "
                f"r.{basis}_assumed AS {basis}_assumed, r.{basis}_version AS {basis}_version"
                for basis in BASES
            ),
        )
    )


def _prices(names: Iterable[str]) -> str:
    """Prices of a row: 0 where a known model has none, NULL for a model that no book knows."""
    return ", ".join(
        f"CASE WHEN r.canonical_model IS NOT NULL THEN coalesce(r.{basis}_{name}, 0) END"
        f" AS {basis}_{name}"
        for basis in BASES
        for name in names
    )
