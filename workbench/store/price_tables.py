"""Prices in the catalog: the compiled books, the closed months that use them, the book as imported."""

import contextlib
from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from workbench import schema
from workbench.store import closes
from workbench.store.catalog import Catalog


def replace_rates(catalog: Catalog, rates: Sequence[pa.Table]) -> None:
    """Store the compiled prices of all tuples, laid out for the kernel. In a transaction.

    Parameters
    ----------
    rates
        One table a book: today's first, then those that months were closed with.
    """
    with contextlib.ExitStack() as opened:
        books = " UNION ALL ".join(
            f"SELECT CAST({number} AS INTEGER) AS book, * FROM "
            f"{opened.enter_context(_parquet(catalog, table, name=f'book-{number}'))}"
            for number, table in enumerate(rates)
        )
        catalog.connection.execute(
            "CREATE OR REPLACE TABLE rates AS SELECT CAST(row_number() OVER () AS BIGINT) "
            f"AS price_row, * FROM ({books})"
        )
    catalog.lay_out_prices()


def replace_closed(
    catalog: Catalog, closed: Sequence[closes.ClosedMonth], books: Sequence[int]
) -> None:
    """List the closed months, each with the number of its book. In a transaction."""
    run = catalog.connection.execute
    run("DELETE FROM closed_month")
    run("DELETE FROM closed_batch")
    for one, book in zip(closed, books, strict=True):
        run(
            "INSERT INTO closed_month VALUES (?, ?, ?, ?, ?)",
            [one.month, book, one.requests, one.list_pico, one.contract_pico],
        )
        run(
            "INSERT INTO closed_batch SELECT CAST(? AS DATE), unnest(?::VARCHAR[])",
            [one.month, list(one.batches)],
        )
    catalog.set_meta("closes", closes.key_of(closed))


def replace_price_book(catalog: Catalog, rows: pa.Table) -> None:
    """Store the price book as imported, long. In a transaction."""
    chosen = ", ".join(column.name for column in schema.PRICE_BOOK_COLUMNS)
    with _parquet(catalog, rows) as incoming:
        catalog.connection.execute("DELETE FROM price_row")
        catalog.connection.execute(f"INSERT INTO price_row SELECT {chosen} FROM {incoming}")


@contextlib.contextmanager
def _parquet(catalog: Catalog, table: pa.Table, *, name: str = "incoming") -> Iterator[str]:
    """Hand an Arrow table to SQL; registering it would import pandas, a second and a half."""
    path = catalog.layout.staging / f"{name}.parquet"
    pq.write_table(table, path, compression="none")
    try:
        yield "read_parquet('" + str(path).replace("'", "''") + "')"
    finally:
        path.unlink()
