"""What was used and what it costs, day by day, for whoever reads FOCUS."""

import csv
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from workbench.answers import Source
from workbench.answers.focus_corrections import corrections
from workbench.errors import InputError
from workbench.exports.excel.cells import harmless
from workbench.exports.focus import Charge, write_focus
from workbench.schema import METERS


def export(source: Source, out: Path, *, months: tuple[str, ...], version: str) -> dict[str, Any]:
    """Write the months as FOCUS, and usage without a price beside it; none means all.

    Corrections of closed months come with the month that books them. `contract_cost_usd` is of
    the usage alone: with `corrections_usd` it is the sum of the file.

    Costs are never null in FOCUS and unpriced usage is never zero, so what has no price at all
    goes to `<out>.unpriced.csv`.

    Raises
    ------
    InputError
        If a month has no usage.
    """
    rows = source.rows(_CHARGES, {"months": list(months)})
    there = {row["day"].strftime("%Y-%m") for row in rows}
    later = corrections(source, months)
    missing = sorted(set(months) - there - {f"{one.booked_in:%Y-%m}" for one in later})
    if missing or not (rows or later):
        raise InputError(
            f"No usage in {', '.join(missing) or 'this workspace'}; nothing was written."
        )
    priced = [row for row in rows if row["contract_pico"] is not None and _says_something(row)]
    unpriced = [row for row in rows if row["contract_pico"] is None and row["meter"] not in _PARTS]
    root = source.workspace.layout.root
    synthetic = (root / "SYNTHETIC").exists()
    charges = (*(_charge(row) for row in priced), *later)
    count = write_focus(out, charges, workspace=root.name, synthetic=synthetic, version=version)
    beside = out.with_name(f"{out.stem}.unpriced.csv")
    if unpriced:
        _write_unpriced(beside, unpriced)
    return {
        "rows": count, "months": sorted(there), "version": version,
        "contract_cost_usd": str(sum((Decimal(row["contract_pico"]) for row in priced), Decimal(0)).scaleb(-12)),
        "corrections": len(later),
        "corrections_usd": str(sum((one.usd for one in later), Decimal(0))),
        "unpriced_rows": len(unpriced), "unpriced_file": str(beside) if unpriced else None,
    }  # fmt: skip


def _says_something(row: dict[str, Any]) -> bool:
    """Say whether a row adds something: a part without a surcharge is in its whole already."""
    costs = int(row["contract_pico"]), int(row["list_pico"] or 0)
    return row["meter"] not in _PARTS or costs != (0, 0)


def _charge(row: dict[str, Any]) -> Charge:
    return Charge(
        day=row["day"], provider=row["provider"], model=row["model"],
        feature=row["feature"] or "", environment=row["environment"] or "", meter=row["meter"],
        quantity=Decimal(row["quantity"]),
        list_pico=None if row["list_pico"] is None else int(row["list_pico"]),
        contract_pico=int(row["contract_pico"]), unpriced_requests=row["unpriced_requests"] or 0,
    )  # fmt: skip


def _write_unpriced(path: Path, rows: list[dict[str, Any]]) -> None:
    names = ("day", "provider", "model", "feature", "environment", "meter", "quantity")
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        for row in rows:
            writer.writerow(
                value.isoformat()
                if isinstance(value := row[name], date)
                else harmless(str(value or ""))
                for name in names
            )


_PARTS = {meter.name for meter in METERS if meter.part_of is not None}

_CHARGES = """
WITH short AS (
    SELECT day, provider, model, feature, environment,
        CAST(sum(unpriced_requests + partial_requests) AS BIGINT) AS unpriced_requests
    FROM rollup_day GROUP BY day, provider, model, feature, environment)
SELECT c.day, c.provider, c.model, c.feature, c.environment, c.meter,
    CAST(c.quantity AS VARCHAR) AS quantity, CAST(c.list_pico AS VARCHAR) AS list_pico,
    CAST(c.contract_pico AS VARCHAR) AS contract_pico, s.unpriced_requests
FROM rollup_class AS c LEFT JOIN short AS s
    ON s.day = c.day AND s.provider = c.provider AND s.model = c.model
    AND s.feature IS NOT DISTINCT FROM c.feature AND s.environment IS NOT DISTINCT FROM c.environment
WHERE len($months) = 0 OR list_contains($months, strftime(c.day, '%Y-%m'))
ORDER BY c.day, c.provider, c.model, c.feature, c.environment, c.meter
"""
