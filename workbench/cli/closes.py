"""Commands of the close: close a month for good, list what is closed and what came after."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from workbench.cli.app import (
    Amount,
    Month,
    as_option,
    json_option,
    print_json,
    print_rows,
    workspace_option,
)
from workbench.cli.playbook import opened


def register(group: click.Group) -> None:
    """Add the commands of this file."""
    group.add_command(close)
    group.add_command(closes)


@click.command()
@click.argument("period", metavar="YYYY-MM", type=Month())
@as_option
@click.option(
    "--accept", "accepted", multiple=True, metavar="MODEL",
    help="Accept this model's unpriced requests; repeatable, needs --as.",
)  # fmt: skip
@click.option("--invoice", "invoice_usd", type=Amount(), help="USD of the provider's invoices.")
@click.option("--tolerance", type=click.FloatRange(0, 1), default=0.01, show_default=True)
@click.option(
    "--true-up", "true_ups", type=(Month(), Amount()), multiple=True, metavar="YYYY-MM USD",
    help="Invoice of an earlier month that was closed on an accrual; repeatable.",
)  # fmt: skip
@click.option(
    "--estimate",
    is_flag=True,
    help="Book an estimate for days whose logs have not come, with its measured error; needs --as.",
)
@workspace_option
@json_option
def close(period: str, by: str, folder: Path, as_json: bool, **given: Any) -> None:  # noqa: ANN401 - click's own
    """Close a month for good when all its checks pass."""
    from workbench.answers.closes import CloseInputs, close_month

    inputs = CloseInputs(
        period=period, by=by, accepted_models=given["accepted"], invoice_usd=given["invoice_usd"],
        tolerance=given["tolerance"], earlier_invoices_usd=dict(given["true_ups"]),
        estimate=given["estimate"],
    )  # fmt: skip
    with opened(folder) as source:
        report, path = close_month(source, inputs, now=datetime.now(tz=UTC))
    checks = [{"name": one.name, "verdict": one.verdict, "why": one.why} for one in report.checks]
    if as_json:
        print_json({"period": period, "closed": path is not None, "checks": checks})
    else:
        print_rows(["check", "verdict", "why"], [list(one.values()) for one in checks])
        if path:
            click.echo(_booked(path))
        click.echo(f"{period} closed: {path}." if path else f"{period} stays open.")
    if path is None:
        raise click.exceptions.Exit(1)


@click.command()
@workspace_option
@json_option
def closes(folder: Path, as_json: bool) -> None:
    """List closed months as they were closed, and what arrived after."""
    from workbench.answers.bookings import in_accounts_usd
    from workbench.answers.closes import adjustments, close_records

    with opened(folder) as source:
        records = close_records(source.workspace.layout.root)
        later = adjustments(source)
    accounts = in_accounts_usd(records)
    if as_json:
        print_json({"closed": records, "adjustments": later, "in_accounts_usd": accounts})
        return
    columns = ("period", "closed_at", "closed_by")
    print_rows(
        [*columns, "contract cost USD", "in the accounts USD"],
        [
            [
                *(one[name] for name in columns),
                one["totals"]["contract_cost_usd"],
                f"{accounts[one['period']]:,.2f}",
            ]
            for one in records
        ],
    )
    for one in later:
        click.echo(
            f"{one['period']}: prior-period adjustment {one['usd']:+,.2f} USD, of it "
            f"{one['late_usd']:+,.2f} from {one['late_requests']:,} late rows and "
            f"{one['other_usd']:+,.2f} by prices known since; {_where_booked(one)}. The closed figure stays."
        )


def _booked(path: Path) -> str:
    """Say line by line what the close has booked, and what it comes to."""
    lines = json.loads(path.read_text())["journal"]
    said = ", ".join(f"{one['usd']:+,.2f} {one['what']} of {one['month']}" for one in lines)
    return f"Booked: {sum(one['usd'] for one in lines):,.2f} USD ({said})."


def _where_booked(one: dict[str, Any]) -> str:
    booked = [f"{usd:,.2f} USD booked in {month}" for month, usd in one["booked"].items()]
    return ", ".join([*booked, f"{float(one['open_usd']):,.2f} USD for the next close"])
