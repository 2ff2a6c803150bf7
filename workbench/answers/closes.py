"""May a month be closed, and what was it closed with? Closed figures never move.

A close is one immutable file. What later rows or prices make of the month is its prior-period
adjustment: shown beside it and booked by the next close, never in the closed month.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from workbench.answers import Source
from workbench.answers.allocation import month_allocation
from workbench.answers.bookings import Later, accruals, journal, true_ups
from workbench.answers.envelope import record
from workbench.answers.missing_days import estimates, missing_days, settled_estimates
from workbench.answers.month_facts import current_facts
from workbench.answers.vintages import locked_versions
from workbench.errors import InputError
from workbench.models.close import (
    Accrual,
    CloseFigures,
    CloseReport,
    close_checks,
)
from workbench.playbook.assumptions.versions import NOT_AUTHENTICATED
from workbench.store import files
from workbench.store.closes import records, sha256_of
from workbench.store.layout import Layout
from workbench.workspace import price_imports


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseInputs:
    """What a person says at the close."""

    period: str
    by: str = ""
    accepted_models: tuple[str, ...] = ()
    """Models whose unpriced requests are accepted."""
    invoice_usd: float | None = None
    tolerance: float = 0.01
    earlier_invoices_usd: Mapping[str, float] = field(default_factory=dict)
    """Invoices of earlier months that were closed on an accrual, by month."""
    estimate: bool = False
    """Book an estimate for the days whose logs have not come; needs a name."""


def close_records(workspace: Path) -> list[dict[str, Any]]:
    """Return the closed months, oldest first; errors as in `store.closes.records`."""
    return records(Layout(workspace))


def figures(source: Source, inputs: CloseInputs) -> CloseFigures:
    """Return the figures that the checks of a month look at."""
    _last_day(inputs.period, source.as_of)
    totals = _totals(source, inputs.period)
    placed = month_allocation(source, inputs.period)
    cost, unallocated = Decimal(totals["contract_cost_usd"]), placed.by_payer()["unallocated"]
    allocated = sum((one.usd for one in placed.placements), Decimal(0)) - unallocated
    held = _held(source, inputs.period)
    to_book = _to_book(source, inputs.period)
    settled = _true_ups(source, inputs)
    estimated = estimates(source, inputs.period) if inputs.estimate else []
    taken_back = settled_estimates(source, before=inputs.period)
    if estimated and not inputs.by:
        raise InputError("An estimate for missing days is booked by name: add --as NAME.")
    return CloseFigures(
        missing_days=missing_days(source, inputs.period),
        estimated=tuple(estimated),
        estimate_true_ups_usd={
            f"{one['source']} of {one['period']}": one["true_up_usd"] for one in taken_back
        },
        estimates_taken_back_usd={
            f"{one['source']} of {one['period']}": one["estimated_usd"] for one in taken_back
        },
        unpriced_rows=totals["unpriced_requests"] + totals["partial_requests"],
        accepted_unpriced_rows=_accepted(source, inputs),
        accepted_by=inputs.by,
        cost_usd=float(cost),
        allocated_usd=float(allocated),
        unallocated_usd=float(unallocated),
        accrual=Accrual(
            metered_usd=float(cost), estimated_usd=sum(one.p50_usd for one in estimated)
        )
        if inputs.invoice_usd is None
        else None,
        invoice_usd=inputs.invoice_usd,
        invoice_tolerance=inputs.tolerance,
        outstanding_accruals_usd=_outstanding(source, inputs, settled),
        true_ups_usd={month: one["true_up_usd"] for month, one in settled.items()},
        adjustments_usd={one["period"]: float(one["open_usd"]) for one in to_book},
        late_unpriced_rows=sum(one["late_unpriced_requests"] for one in to_book),
        envelope_stored=held is not None,
        envelope_held=held,
    )


def close_month(
    source: Source, inputs: CloseInputs, *, now: datetime
) -> tuple[CloseReport, Path | None]:
    """Judge a month and, when nothing fails, write its record; None where it stays open.

    Raises
    ------
    InputError
        If it is closed already, has not ended or has no usage.
    """
    layout = source.workspace.layout
    path = layout.closes / f"{inputs.period}.json"
    if path.exists():
        raise InputError(
            f"{inputs.period} is closed ({path}). Closed figures never move; later rows are "
            "prior-period adjustments: see `workbench closes`."
        )
    found = figures(source, inputs)
    report = close_checks(found)
    if not report.may_close:
        return report, None
    totals = _totals(source, inputs.period)
    booked = [
        {
            "period": one["period"], "usd": one["open_usd"],
            "late_requests": one["late_requests"], "why": _why(one),
        }
        for one in _to_book(source, inputs.period)
    ]  # fmt: skip
    record = {
        "period": inputs.period,
        "closed_at": now.isoformat(timespec="seconds"),
        "closed_by": inputs.by or "nobody named",
        "names": NOT_AUTHENTICATED,
        "known_at": now.isoformat(timespec="seconds"),
        "price_imports": price_imports.in_force(layout),
        "price_layers": source.workspace.price_layers(),
        "batches": _batches(source, inputs.period),
        "totals": totals,
        "totals_sha256": sha256_of(totals),
        "prior_period_adjustments": booked,
        "true_ups": _true_ups(source, inputs),
        "estimates": [asdict(one) for one in found.estimated],
        "estimate_true_ups": settled_estimates(source, before=inputs.period),
        "allocation": {
            payer: str(usd)
            for payer, usd in month_allocation(source, inputs.period).by_payer().items()
        },
        "accepted_models": list(inputs.accepted_models),
        "invoice_usd": inputs.invoice_usd,
        "figures": asdict(found),
        "checks": [asdict(check) for check in report.checks],
        "facts": current_facts(source, inputs.period)[inputs.period],
    }
    record["journal"] = journal(record)
    files.write_json(path, record, staging=layout.staging)
    path.chmod(0o400)
    return report, path


def adjustments(source: Source) -> list[dict[str, Any]]:
    """Return for each closed month that now comes to something else: closed, now, and why.

    `late_usd` is what rows of batches read after the close cost at today's prices, `other_usd`
    what today's prices would make of the rows that were in: a price known only since. Both
    together are the prior-period adjustment; `booked` says in which later closes how much of it
    went, and `open_usd` what the next close books.
    """
    found = {
        row["period"]: row
        for row in source.rows(
            "SELECT period, CAST(sum(late_requests) AS BIGINT) AS late_requests, "
            "CAST(sum(late_unpriced_requests) AS BIGINT) AS late_unpriced_requests, "
            "CAST(sum(late_contract_cost_usd) AS VARCHAR) AS late_usd, "
            "CAST(sum(repriced_contract_cost_usd) AS VARCHAR) AS other_usd "
            "FROM prior_period_adjustments GROUP BY period"
        )
    }
    there = close_records(source.workspace.layout.root)
    return [_adjustment(one, found, there) for one in there if _is_adjusted(one, found, there)]


def _last_day(period: str, as_of: date) -> None:
    rows_end = date.fromisoformat(f"{period}-01")
    following = date(rows_end.year + rows_end.month // 12, rows_end.month % 12 + 1, 1)
    if as_of < following and (following - as_of).days > 1:
        raise InputError(
            f"{period} has not ended: the store is complete to {as_of.isoformat()}. Close it "
            "when its last day is in."
        )


def _totals(source: Source, period: str) -> dict[str, Any]:
    (row,) = source.rows(
        "SELECT CAST(coalesce(sum(requests), 0) AS BIGINT) AS requests, "
        "CAST(coalesce(sum(unpriced_requests), 0) AS BIGINT) AS unpriced_requests, "
        "CAST(coalesce(sum(partial_requests), 0) AS BIGINT) AS partial_requests, "
        "CAST(coalesce(sum(list_pico), 0) AS VARCHAR) AS list_cost_usd, "
        "CAST(coalesce(sum(contract_pico), 0) AS VARCHAR) AS contract_cost_usd, "
        "CAST(coalesce(sum(reported_cost_usd), 0) AS VARCHAR) AS reported_cost_usd "
        "FROM rollup_day WHERE strftime(day, '%Y-%m') = $month",
        {"month": period},
    )
    if row["requests"] == 0:
        raise InputError(f"No usage in {period}. Ingest it first, or name another month.")
    exact = {
        name: str(Decimal(row[name]).scaleb(-12)) for name in ("list_cost_usd", "contract_cost_usd")
    }
    return {**row, **exact}


def _accepted(source: Source, inputs: CloseInputs) -> int:
    rows = source.rows(
        "SELECT provider, model, CAST(sum(unpriced_requests + partial_requests) AS BIGINT) AS short "
        "FROM rollup_day WHERE strftime(day, '%Y-%m') = $month GROUP BY ALL HAVING short > 0 ORDER BY 1, 2",
        {"month": inputs.period},
    )
    names = {f"{row['provider']}/{row['model']}": int(row["short"]) for row in rows}
    accepted = {
        full
        for full in names
        if full in inputs.accepted_models or full.split("/", 1)[1] in inputs.accepted_models
    }
    known = accepted | {name.split("/", 1)[1] for name in accepted}
    unknown = sorted(set(inputs.accepted_models) - known)
    if unknown:
        raise InputError(
            f"Nothing unpriced of {', '.join(unknown)} in {inputs.period}; unpriced there: "
            f"{', '.join(names) or 'nothing'}."
        )
    if accepted and not inputs.by:
        raise InputError("Unpriced requests are accepted by name: add --as NAME.")
    return sum(names[name] for name in accepted)


def _held(source: Source, period: str) -> bool | None:
    """Say whether the newest locked envelope over the month held; None where there is none."""
    registers = {
        one["register"]["name"]: one["register"]
        for one in locked_versions(source.workspace.layout.root)
    }
    for register in registers.values():
        for outcome in record(source, register):
            if outcome.period == period:
                return outcome.held
    return None


def _batches(source: Source, period: str) -> list[str]:
    rows = source.rows(
        "SELECT DISTINCT source_id FROM segment WHERE kind = 'usage' "
        "AND strftime(month, '%Y-%m') = $month ORDER BY 1",
        {"month": period},
    )
    return [row["source_id"] for row in rows]


def _to_book(source: Source, period: str) -> list[dict[str, Any]]:
    """Return the adjustments of earlier months that no close has booked yet."""
    return [
        one
        for one in adjustments(source)
        if one["period"] < period and (Decimal(one["open_usd"]) or one["late_unpriced_requests"])
    ]


def _why(one: Mapping[str, Any]) -> str:
    return (
        f"late rows {one['late_usd']:+,.2f} USD, prices known since {one['other_usd']:+,.2f} USD, "
        f"booked before {sum(one['booked'].values()):+,.2f} USD"
    )


def _true_ups(source: Source, inputs: CloseInputs) -> dict[str, dict[str, Any]]:
    """Return what brings invoiced earlier months to their invoice; errors as in `bookings`."""
    taken: dict[str, float] = {}
    for one in settled_estimates(source, before=inputs.period):
        taken[one["period"]] = taken.get(one["period"], 0.0) + one["estimated_usd"]
    later = Later(
        adjustments_usd={
            one["period"]: float(one["open_usd"]) for one in _to_book(source, inputs.period)
        },
        taken_back_usd=taken,
    )
    there = close_records(source.workspace.layout.root)
    return true_ups(there, inputs.earlier_invoices_usd, later)


def _outstanding(
    source: Source, inputs: CloseInputs, settled: Mapping[str, Any]
) -> dict[str, float]:
    return {
        month: one.usd
        for month, one in accruals(close_records(source.workspace.layout.root)).items()
        if month < inputs.period and month not in settled
    }


def _booked(period: str, there: Sequence[Mapping[str, Any]]) -> dict[str, Decimal]:
    """Return what later closes have booked of a month's adjustment, by the month that booked it."""
    return {
        record["period"]: Decimal(one["usd"])
        for record in there
        for one in record.get("prior_period_adjustments", ())
        if one["period"] == period
    }


def _is_adjusted(
    record: Mapping[str, Any], found: Mapping[str, Any], there: Sequence[Mapping[str, Any]]
) -> bool:
    return record["period"] in found or bool(_booked(record["period"], there))


def _adjustment(
    record: Mapping[str, Any], found: Mapping[str, Any], there: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    period = record["period"]
    row = found.get(period, {})
    late, other = (Decimal(row.get(name, 0)) for name in ("late_usd", "other_usd"))
    closed = Decimal(record["totals"]["contract_cost_usd"])
    booked = _booked(period, there)
    return {
        "period": period, "closed_usd": float(closed), "now_usd": float(closed + late + other),
        "usd": float(late + other), "late_usd": float(late),
        "late_requests": int(row.get("late_requests", 0)),
        "late_unpriced_requests": int(row.get("late_unpriced_requests", 0)),
        "other_usd": float(other),
        "booked": {month: float(usd) for month, usd in booked.items()},
        "open_usd": str(late + other - sum(booked.values(), Decimal(0))),
    }  # fmt: skip
