"""Do the invoices agree with the logs? Every provider's month, with named causes and the rest."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from workbench.answers import Source
from workbench.ingest.invoices import InvoiceFile, read_invoice
from workbench.models.reconciliation import (
    TOLERANCE,
    BilledLine,
    LoggedModel,
    Reconciled,
    reconcile,
)
from workbench.pricing.book import ActivePrices
from workbench.store import invoices
from workbench.workspace import Workspace
from workbench.workspace.billed import charged_for

_LOGGED = """
    SELECT strftime(day, '%Y-%m') AS month, provider, model,
           CAST(coalesce(sum(contract_pico), 0) AS VARCHAR) AS contract_pico,
           CAST(sum(requests) AS BIGINT) AS requests,
           CAST(sum(unpriced_requests + partial_requests) AS BIGINT) AS unpriced_requests,
           CAST(sum(assumed_requests) AS BIGINT) AS assumed_requests
    FROM rollup_day GROUP BY month, provider, model ORDER BY month, provider, model
"""


def take(
    workspace: Workspace, paths: Sequence[Path], *, provider: str | None, now: datetime
) -> list[tuple[InvoiceFile, bool]]:
    """Keep invoices in the store; each with False where its bytes are there already.

    Raises
    ------
    IngestError
        If one of them cannot be read; then none of the command is kept.
    """
    read = [read_invoice(path, provider=provider) for path in paths]
    return [(one, _keep(workspace, one, now=now)) for one in read]


def _keep(workspace: Workspace, one: InvoiceFile, *, now: datetime) -> bool:
    about = {
        "name": one.name, "format": one.format, "sha256": one.sha256, "records": one.records,
        "skipped": dict(one.skipped), "notes": list(one.notes),
        "imported_at": now.isoformat(timespec="seconds"),
    }  # fmt: skip
    lines = [
        {
            "provider": line.provider, "model": line.model, "month": line.month,
            "charge_from": line.charge_from, "charge_to": line.charge_to, "kind": line.kind,
            "billed_pico": line.billed_pico, "invoice_id": line.invoice_id,
            "description": line.description, "source_row": line.source_row,
        }
        for line in one.lines
    ]  # fmt: skip
    return invoices.keep(workspace.layout, about=about, lines=lines)


def reconciled(source: Source) -> tuple[Reconciled, ...]:
    """Compare every invoiced provider and month with the logs, models named by the price book."""
    lines = list(invoices.lines(source.workspace.layout))
    if not lines:
        return ()
    active = source.workspace.book().at(None)
    rows = source.rows(_LOGGED)
    billed_by = _providers(rows, active)
    return reconcile(
        logged=[_logged(row, active) for row in rows],
        billed=[_billed(line, active, billed_by) for line in lines],
    )


def shared_usd(source: Source) -> Mapping[tuple[str, str], Decimal]:
    """Return what of invoices is shared over priced requests (`billed_cost_usd`), by month and provider."""
    rows = source.rows(
        "SELECT strftime(day, '%Y-%m') AS month, provider, sum(billed_cost_usd) AS usd "
        "FROM daily_cost GROUP BY ALL HAVING usd IS NOT NULL ORDER BY ALL"
    )
    return {(row["month"], row["provider"]): row["usd"] for row in rows}


def billed_usd(source: Source) -> dict[tuple[str, str], float]:
    """Return what was invoiced by (month, provider), all charges, in USD."""
    return {(one.month, one.provider): one.billed_pico / 1e12 for one in reconciled(source)}


def document(source: Source) -> dict[str, Any] | None:
    """Return the comparison as the page reads it; None where no invoice was imported."""
    found = reconciled(source)
    if not found:
        return None
    return {
        "as_of": source.as_of.isoformat(),
        "tolerance": TOLERANCE,
        "files": [
            {name: one[name] for name in ("name", "format", "lines", "records", "imported_at")}
            for one in invoices.kept(source.workspace.layout)
        ],
        "reconciled": [as_data(one) for one in found],
    }


def as_data(one: Reconciled) -> dict[str, Any]:
    """Return one provider's month as plain data: exact pico-USD, shares and the verdict."""
    return {
        **asdict(one),
        "gap_pico": one.gap_pico,
        "unexplained_share": one.unexplained_share,
        "verdict": one.verdict(),
    }


def _logged(row: Mapping[str, Any], active: ActivePrices) -> LoggedModel:
    provider, model = active.canonical(row["provider"], row["model"])
    return LoggedModel(
        provider=provider, month=row["month"], model=model.lower(),
        contract_pico=int(row["contract_pico"]), requests=row["requests"],
        unpriced_requests=row["unpriced_requests"], assumed_requests=row["assumed_requests"],
    )  # fmt: skip


def _billed(
    line: Mapping[str, Any], active: ActivePrices, billed_by: Mapping[str, str]
) -> BilledLine:
    provider, model = charged_for(line, active, billed_by)
    return BilledLine(
        provider=provider, month=line["month"], kind=line["kind"],
        billed_pico=line["billed_pico"], model=model,
    )  # fmt: skip


def _providers(rows: Iterable[Mapping[str, Any]], active: ActivePrices) -> dict[str, str]:
    """Return how the book names each provider of the logs, for charges that name no model."""
    return {
        row["provider"].lower(): active.canonical(row["provider"], row["model"])[0] for row in rows
    }
