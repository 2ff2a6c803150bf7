"""What every opened bar says alike: whether its rows sum to it, and how its log rows are listed."""
# ruff: noqa: S608 - the statement is shown as text to be pasted and never run here

import math
import shlex
from collections.abc import Mapping, Sequence

from workbench.figures import theme
from workbench.models.variance.opened import cents_that_add

MOST_ROWS = 24
NO_PRICE = "no price"
EXACT_USD = 1e-12
"""A pico-USD: below it two sums of integers are the same."""
LEAST_SHOWN_USD = 0.005


def exactly(rows: int, gap_usd: float) -> str:
    """Say how many rows there are and how well they sum to their bar.

    Examples
    --------
    >>> exactly(31, 0.0), exactly(1, 0.25)
    ('31 rows sum to the bar to a pico-USD', '1 row sums to the bar but for 0.25 USD, which is unexplained')
    """
    how = "to a pico-USD"
    if abs(gap_usd) >= EXACT_USD:
        how = f"but for {abs(gap_usd):.0e} USD of float rounding"
    if abs(gap_usd) >= LEAST_SHOWN_USD:
        how = f"but for {theme.accounting(gap_usd, digits=2)} USD, which is unexplained"
    return f"{rows:,} row{'s sum' if rows != 1 else ' sums'} to the bar {how}"


def column_that_adds(
    usd: Sequence[float | None], total_usd: float, *, most: int = MOST_ROWS
) -> tuple[list[str], str, str]:
    """Write a column of money whose cells sum to its last: shown rows, the rest, the sum.

    Cents, or finer where the smallest needs it; the rest is empty where all rows are shown. What
    has no price (None) says so and is in no sum.
    """
    shown, rest = list(usd[:most]), [value for value in usd[most:] if value is not None]
    values = [*shown, math.fsum(rest)] if len(usd) > most else shown
    priced = [value for value in values if value is not None]
    digits = max(2, theme.column_digits([*priced, total_usd]))
    added = iter(cents_that_add(priced, total_usd, digits=digits))
    cells = [
        NO_PRICE if value is None else theme.accounting(next(added) or 0.0, digits=digits)
        for value in values
    ]
    total = theme.accounting(total_usd, digits=digits)
    return (cells[:-1], cells[-1], total) if len(usd) > most else (cells, "", total)


def sql_command(
    columns: Sequence[str], where: Mapping[str, str | None], days: tuple[str, str]
) -> str:
    """Return the command that lists the priced log rows of a selection, safe to paste.

    Parameters
    ----------
    columns
        Of `priced_usage`, beside what every row is known by.
    where
        Column and value; None leaves the column out, an empty value asks for rows without one.
    days
        First and last day, ISO, both included.
    """
    named = ["started_at", "request_id", *columns, "price_version", "source_id", "source_row"]
    asked = [
        f"{name} IS NULL" if value == "" else f"{name} = {_text(value)}"
        for name, value in where.items()
        if value is not None
    ]
    asked.append(f"CAST(started_at AS DATE) BETWEEN {_text(days[0])} AND {_text(days[1])}")
    text = f"SELECT {', '.join(named)} FROM priced_usage WHERE {' AND '.join(asked)}"
    plain = not any(letter in text for letter in '"$`\\!')
    quoted = f'"{text}"' if plain else shlex.quote(text)
    return f"workbench sql {quoted}"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
