"""The rows behind a day of cost per request or of errors: the models of that day."""

import math
from typing import TYPE_CHECKING

from widgets.opened import column_that_adds, exactly, sql_command
from widgets.page import day as written
from widgets.periods import ALL
from workbench.figures.cards import Table
from workbench.figures.theme import number, percent

if TYPE_CHECKING:
    from widgets.monitoring import Health


def behind(data: "Health", key: str) -> Table | None:
    """Open one day of a line; None for a key that names none."""
    kind, _, day = key.partition("/")
    daily = data.daily
    rows = [
        at for at, on in enumerate(daily["day"])
        if on == day and data.model in (ALL, daily["model"][at])
    ]  # fmt: skip
    if not rows:
        return None
    rows.sort(key=lambda at: -daily["requests"][at])
    usd = [daily["contract_cost_usd"][at] for at in rows]
    total_usd = math.fsum(value for value in usd if value is not None)
    requests, errors = (sum(daily[name][at] for at in rows) for name in ("requests", "errors"))
    cells, _, whole = column_that_adds(usd, total_usd, most=len(rows))
    drawn = dict(zip(data.cost_days, data.usd_each, strict=True))
    if kind == "cost" and day in drawn:
        gap = total_usd - drawn[day] * requests
        said = f"{exactly(len(rows), gap)}. Divided by {requests:,} requests it is {number(drawn[day])} USD each, the point."
    elif kind == "errors" and data.errors.get(day) == (errors, requests):
        share = percent(errors / requests, digits=1)
        said = f"{errors:,} errors of {requests:,} requests are {share}, the point."
    else:
        return None
    command = sql_command(
        ("model", "status", "contract_cost_usd"),
        {"feature": data.feature, "environment": data.environment,
         "model": None if data.model == ALL else data.model},
        (day, day),
    )  # fmt: skip
    return Table(
        title=f"Rows behind {written(day)}: {errors:,} errors of {requests:,} requests, {whole} USD",
        subtitle=f"{data.feature}, {data.environment or 'all environments'}, contract cost, USD",
        columns=("Model", "Requests", "Errors", "USD"),
        rows=(
            *((str(daily["model"][at]), f"{daily['requests'][at]:,}", f"{daily['errors'][at]:,}", cells[n])
              for n, at in enumerate(rows)),
            ("Sum of rows", f"{requests:,}", f"{errors:,}", whole),
        ),
        has_total=True,
        foot=f"{said} Log rows: {command}",
    )  # fmt: skip
