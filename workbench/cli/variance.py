"""Commands of the variance: why the cost changed, and the rows behind every bar."""

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from workbench.cli.analysis import model
from workbench.cli.app import (
    FILE,
    Month,
    json_option,
    print_json,
    print_rows,
    workspace_option,
)
from workbench.cli.playbook import as_of_option, opened
from workbench.models.variance.bars import BARS
from workbench.yaml_files import read_mapping


def register(group: click.Group) -> None:
    """Add the commands of this file."""
    model.add_command(variance)


@click.command()
@click.option("--inputs", type=FILE, help="JSON with `base`, `actual` and optionally `successors`.")
@click.option("--month", type=Month(), help="YYYY-MM; the newest month without it.")
@click.option(
    "--against", type=Month(), help="YYYY-MM to compare with; the month before without it."
)
@click.option(
    "--rows", "leg", type=click.Choice(BARS), metavar="BAR",
    help=f"List the log rows behind a bar instead: {', '.join(BARS)}.",
)  # fmt: skip
@click.option(
    "--line", help="With --rows: only this line, as the page writes it; with budget, a feature."
)
@click.option("--limit", type=click.IntRange(1, 100_000), default=50, show_default=True)
@as_of_option
@workspace_option
@json_option
def variance(
    inputs: Path | None, month: str | None, against: str | None, leg: str | None,
    as_of: datetime | None, folder: Path, as_json: bool, **listed: Any,  # noqa: ANN401 - click's own
) -> None:  # fmt: skip
    """Split a change of cost into volume, mix, price, new and discontinued; they add up."""
    if leg is not None:
        asked = {"month": month, "against": against, **listed}
        _rows_behind(leg, folder, as_of, as_json, **asked)
        return
    if inputs is not None:
        from workbench.models.variance.headless import variance_report

        found = variance_report(read_mapping(inputs))
    else:
        from workbench.answers.variance import report

        with opened(folder, as_of=as_of) as source:
            found = report(source, month=month, against=against)
    if as_json:
        print_json(found)
        return
    legs = ("base_usd", "volume", "mix", "price", "new", "discontinued", "actual_usd")
    print_rows(["USD", ""], [[name, f"{found[name]:,.2f}"] for name in legs])


def _rows_behind(
    leg: str, folder: Path, as_of: datetime | None, as_json: bool, **asked: Any,  # noqa: ANN401
) -> None:  # fmt: skip
    from workbench.answers.variance_rows import rows_behind

    with opened(folder, as_of=as_of) as source:
        found = rows_behind(source, leg, **asked)
    if as_json:
        print_json(found)
        return
    print_rows(
        ["row", "feature", "USD", "source"],
        [
            [one["name"], one.get("feature", ""), f"{one['usd']:,.4f}", one.get("source", "")]
            for one in found["lines"][: asked["limit"]]
        ],
    )
    columns = (
        "started_at",
        "model",
        "feature",
        "request_id",
        "contract_cost_usd",
        "path",
        "source_row",
    )
    print_rows(columns, [[str(row[name]) for name in columns] for row in found["rows"]])
    click.echo(
        f"{found['leg']} {found['usd']:+,.2f} USD from {found['against']} to {found['month']} rests on "
        f"{len(found['lines'])} lines and {found['rows_in_all']:,} log rows"
        + (
            f"; the dearest {len(found['rows']):,} are listed."
            if found["rows_in_all"] > len(found["rows"])
            else "."
        )
    )
