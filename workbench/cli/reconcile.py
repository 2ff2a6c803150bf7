"""The command that compares invoices with the logs."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import click

from workbench.cli.app import json_option, print_json, print_rows, workspace_option
from workbench.cli.playbook import as_of_option, opened
from workbench.models.reconciliation import CAUSES, TOLERANCE, Reconciled


def register(group: click.Group) -> None:
    """Add the command of this file."""
    group.add_command(reconcile)


@click.command()
@click.argument("invoice_files", metavar="[INVOICE]...", nargs=-1, type=click.Path(path_type=Path))
@click.option("--provider", default=None, help="Who billed, as the logs name it; from the file without it.")  # fmt: skip
@click.option("--tolerance", type=click.FloatRange(0, 1), default=TOLERANCE, show_default=True, help="Share of an invoice that may stay unexplained.")  # fmt: skip
@as_of_option
@workspace_option
@json_option
def reconcile(
    invoice_files: tuple[Path, ...], provider: str | None, tolerance: float,
    as_of: datetime | None, folder: Path, as_json: bool,
) -> None:  # fmt: skip
    """Import INVOICE files and say how every invoiced month differs from the logs, and why.

    Reads FOCUS (CSV), OpenAI costs and Anthropic cost reports (JSON), and a sheet with the
    columns provider, month, usd and optionally kind, model, invoice_id. Without a file it
    compares what was imported before. Causes and the unexplained rest add up exactly.
    """
    from workbench.answers import reconciliation as answers
    from workbench.workspace import Workspace

    taken = answers.take(
        Workspace(folder), invoice_files, provider=provider, now=datetime.now(tz=UTC)
    )
    with opened(folder, as_of=as_of) as source:
        found = answers.reconciled(source)
        shared = answers.shared_usd(source)
    if as_json:
        print_json({
            "tolerance": tolerance,
            "imported": [{"name": one.name, "format": one.format, "records": one.records,
                          "lines": len(one.lines), "skipped": one.skipped, "new": new}
                         for one, new in taken],
            "reconciled": [{**answers.as_data(one), "verdict": one.verdict(tolerance)} for one in found],
            "shared_over_requests": [{"month": month, "provider": provider, "billed_cost_usd": str(usd)}
                                     for (month, provider), usd in shared.items()],
        })  # fmt: skip
        return
    for one, new in taken:
        skipped = "".join(f", {count:,} {reason}" for reason, count in one.skipped.items())
        known = "" if new else " (known already)"
        click.echo(f"{one.name}: {one.format}, {len(one.lines):,} charges{skipped}{known}")
        for note in one.notes:
            click.echo(f"note: {one.name}: {note}")
    if not found:
        click.echo("No invoice yet. Import one: workbench reconcile INVOICE")
        return
    _print(found, tolerance)
    total = sum(shared.values(), Decimal(0))
    click.echo(
        f"{total:,.2f} of the charges are for usage that the logs hold and price: shared over its "
        "requests by contract cost (billed_cost_usd). The others stay with their causes."
    )


def _print(found: tuple[Reconciled, ...], tolerance: float) -> None:
    causes = [name for name in CAUSES if any(one.causes_pico.get(name) for one in found)]
    header = ["month", "provider", "logs", *(CAUSES[name].lower() for name in causes),
              "unexplained", "invoice", "share", "verdict"]  # fmt: skip
    rows = [
        [
            one.month, one.provider, _usd(one.logged_pico),
            *(_usd(one.causes_pico.get(name, 0)) for name in causes),
            _usd(one.unexplained_pico), _usd(one.billed_pico),
            "" if one.unexplained_share is None else f"{one.unexplained_share:.2%}",
            one.verdict(tolerance),
        ]
        for one in found
    ]  # fmt: skip
    print_rows(header, rows)
    unpriced = sum(one.unpriced_requests for one in found)
    if unpriced:
        click.echo(f"{unpriced:,} requests of these months have no full price and are in no sum.")
    click.echo("US dollars; logs + causes + unexplained = invoice.")


def _usd(pico: int) -> str:
    return f"{Decimal(pico).scaleb(-12):z,.2f}"
