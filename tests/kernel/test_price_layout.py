"""A request counts its way to the one price that holds it, whatever the grid of prices."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench import schema
from workbench.kernel import price, price_layout

MONTH = datetime(2026, 10, 1)  # noqa: DTZ001 - instants of the store are naive UTC
FIRST, LAST = datetime(1, 1, 1), datetime(9999, 12, 31)  # noqa: DTZ001
MONTH_S = 31 * 86_400
FAR_KEY, UNLISTED = 900, 999
METERS = ("uncached_input_tokens", "output_tokens", "web_searches")

instants = st.integers(1, MONTH_S - 1).map(lambda s: MONTH + timedelta(seconds=s))
other_months = st.sampled_from([MONTH - timedelta(days=40), MONTH + timedelta(days=31)])
grids = st.tuples(
    st.lists(instants | other_months, max_size=4, unique=True),
    st.lists(st.integers(0, 500_000), max_size=3, unique=True),
    st.lists(st.integers(1, 86_399), max_size=3, unique=True),
)


def prepared() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    prices = ", ".join(f"{b}_{n} BIGINT" for b in price_layout.BASES for n in schema.METER_NAMES)
    flags = ", ".join(
        f"{b}_missing_mask BIGINT, {b}_derived_mask BIGINT, {b}_assumed BOOLEAN, {b}_version VARCHAR"
        for b in price_layout.BASES
    )
    minima = ", ".join(f"minimum_{name} DECIMAL(18,3)" for name in price_layout.MINIMA)
    con.execute(
        "CREATE TABLE rates (price_row BIGINT, book INTEGER, rate_key BIGINT, effective_from TIMESTAMP,"
        " effective_to TIMESTAMP, second_from INTEGER, second_to INTEGER, context_over BIGINT,"
        f" context_upto BIGINT, has_contract BOOLEAN, canonical_model VARCHAR, {prices}, {flags}, {minima})"
    )
    con.execute("CREATE TABLE rate_keys (rate_key BIGINT, tuple_id BIGINT, month DATE)")
    con.execute("CREATE TABLE closed_month (month DATE, book INTEGER)")
    columns = ", ".join(f"{column.name} {column.type}" for column in schema.SEGMENT_COLUMNS)
    con.execute(f"CREATE TABLE segment_rows ({columns})")
    return con


def cells(cuts: Sequence[Any], *, first: Any, last: Any) -> list[tuple[Any, Any]]:
    edges = [first, *sorted(cuts), last]
    return list(pairwise(edges))


def fill(con: duckdb.DuckDBPyConnection, table: str, **values: Any) -> None:
    marks = ", ".join("?" for _ in values)
    con.execute(
        f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})", list(values.values())
    )


def laid_out(con: duckdb.DuckDBPyConnection, grid, *, tuple_id: int, book: int = 0) -> None:
    """Write one grid; the price of a cell is its number, so that a cost names its price."""
    dates, bands, seconds = grid
    (begun,) = con.execute("SELECT count(*) FROM rates").fetchall()[0]
    boxes = [
        (date, band, second)
        for date in cells(dates, first=FIRST, last=LAST)
        for band in cells(bands, first=-1, last=2**62)
        for second in cells(seconds, first=0, last=86_400)
    ]
    for number, (date, band, second) in enumerate(boxes, begun + 1):
        fill(
            con, "rates", price_row=number, book=book, rate_key=tuple_id,
            effective_from=date[0], effective_to=date[1], context_over=band[0],
            context_upto=band[1], second_from=second[0], second_to=second[1],
            has_contract=False, canonical_model="m", list_missing_mask=0, contract_missing_mask=0,
            list_derived_mask=0, contract_derived_mask=0, list_assumed=False,
            contract_assumed=False, contract_output_tokens=number, list_output_tokens=2 * number,
        )  # fmt: skip


def lay_out(con: duckdb.DuckDBPyConnection) -> price.Changes:
    for statement in price_layout.price_tables():
        con.execute(statement)
    date, band, second = con.execute(price_layout.most_changes()).fetchall()[0]
    changes = price.Changes(date=date, band=band, second=second)
    for statement in price_layout.key_tables(changes):
        con.execute(statement)
    return changes


def asked(con: duckdb.DuckDBPyConnection, *, key: int, at: datetime, context: int) -> None:
    fill(
        con, "segment_rows", rate_key=key, started_at=at, context_tokens=context,
        meter_mask=schema.mask_of(("output_tokens",)),
        **{name: int(name == "output_tokens") for name in schema.METER_NAMES},
    )  # fmt: skip


def found(con: duckdb.DuckDBPyConnection, changes: price.Changes, *, prices: str = "") -> list[Any]:
    inner = price.priced_rows(
        usage="segment_rows",
        changes=changes,
        columns=("rate_key", "started_at", "context_tokens"),
        used_meters=METERS,
        prices=prices,
    )
    return con.execute(
        f"SELECT rate_key, started_at, context_tokens, price_row, contract_pico, list_pico FROM ({inner})"
    ).fetchall()


def expected(con: duckdb.DuckDBPyConnection, key: int, at: datetime, context: int, book: int = 0):
    second = at.hour * 3600 + at.minute * 60 + at.second
    rows = con.execute(
        "SELECT price_row FROM rates WHERE rate_key = ? AND book = ? AND effective_from <= ?"
        " AND effective_to > ? AND second_from <= ? AND second_to > ? AND context_over < ?"
        " AND context_upto >= ?",
        [key, book, at, at, second, second, context, context],
    ).fetchall()
    assert len(rows) == 1
    return rows[0][0]


@settings(max_examples=25, deadline=None)
@given(st.lists(grids, min_size=1, max_size=3), st.data())
def test_each_request_gets_the_price_that_an_interval_search_finds(many, data):
    con = prepared()
    for number, grid in enumerate(many, 1):
        laid_out(con, grid, tuple_id=number)
        fill(con, "rate_keys", rate_key=number * 10, tuple_id=number, month=MONTH.date())
    changes = lay_out(con)
    edge = timedelta(microseconds=1)
    wanted = []
    for _ in range(12):
        number = data.draw(st.integers(1, len(many)))
        dates, bands, _ = many[number - 1]
        at = data.draw(st.sampled_from([*(d for d in dates if MONTH <= d < MONTH + timedelta(days=31)), MONTH]) | instants)  # fmt: skip
        at = max(MONTH, at - data.draw(st.sampled_from([edge, timedelta(0)])))
        context = data.draw(st.sampled_from([*bands, *(b + 1 for b in bands), 0]))
        asked(con, key=number * 10, at=at, context=context)
        row = expected(con, number, at, context)
        wanted.append((number * 10, at, context, row, row, 2 * row))
    assert sorted(found(con, changes)) == sorted(wanted)


def test_a_key_that_no_price_was_compiled_for_stays_and_is_unpriced():
    con = prepared()
    laid_out(con, ([], [], []), tuple_id=1)
    fill(con, "rate_keys", rate_key=10, tuple_id=1, month=MONTH.date())
    fill(con, "rate_keys", rate_key=FAR_KEY, tuple_id=7, month=MONTH.date())
    changes = lay_out(con)
    for key in (10, FAR_KEY, UNLISTED):
        asked(con, key=key, at=MONTH, context=5)
    assert {row[0]: row[3:] for row in found(con, changes)} == {
        10: (1, 1, 2),
        FAR_KEY: (None, None, None),
        UNLISTED: (None, None, None),
    }


@pytest.mark.parametrize(("suffix", "book"), [("", 1), (price.CURRENT, 0)])
def test_a_closed_month_keeps_its_book_and_has_todays_beside_it(suffix: str, book: int):
    con = prepared()
    noon = MONTH + timedelta(days=9, hours=12)
    laid_out(con, ([noon], [], []), tuple_id=1, book=0)
    laid_out(con, ([noon, noon + timedelta(days=3)], [7], []), tuple_id=1, book=1)
    fill(con, "rate_keys", rate_key=10, tuple_id=1, month=MONTH.date())
    fill(con, "closed_month", month=MONTH.date(), book=1)
    changes = lay_out(con)
    assert changes == price.Changes(date=2, band=1, second=0)
    places = [
        (at, context)
        for at in (noon - timedelta(seconds=1), noon, noon + timedelta(days=4))
        for context in (7, 8)
    ]
    for at, context in places:
        asked(con, key=10, at=at, context=context)
    got = {(row[1], row[2]): row[3] for row in found(con, changes, prices=suffix)}
    assert got == {(at, n): expected(con, 1, at, n, book) for at, n in places}


def test_every_slot_that_can_be_reached_is_there_once():
    con = prepared()
    laid_out(con, ([MONTH + timedelta(days=2)], [10, 20], [60]), tuple_id=1)
    laid_out(con, ([], [], [5, 6, 7]), tuple_id=2)
    for key, number in ((10, 1), (20, 2)):
        fill(con, "rate_keys", rate_key=key, tuple_id=number, month=MONTH.date())
    lay_out(con)
    slots = [row[0] for row in con.execute("SELECT slot FROM price_wide ORDER BY slot").fetchall()]
    assert slots == list(range(1 + 2 * 3 * 2 + 4))
    keys = con.execute("SELECT rate_key, slot, date_step, band_step FROM price_key ORDER BY 1")
    assert keys.fetchall() == [(10, 1, 6, 2), (20, 13, 4, 4)]
