"""Command of the allocation: who pays which costs, by which rule."""

from pathlib import Path

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
from workbench.cli.playbook import opened
from workbench.yaml_files import read_mapping


def register(group: click.Group) -> None:
    """Add the commands of this file."""
    model.add_command(allocation)


@click.command()
@click.option("--inputs", type=FILE, help="JSON or YAML with `costs` and `rules`.")
@click.option("--month", type=Month(), help="YYYY-MM of the workspace, by its own rules.")
@workspace_option
@json_option
def allocation(inputs: Path | None, month: str | None, folder: Path, as_json: bool) -> None:
    """Place costs by ordered rules; the shares add up to the cent."""
    from workbench.answers.allocation import allocation_report, month_report

    if (inputs is None) == (month is None):
        raise click.UsageError("give either --inputs FILE or --month YYYY-MM.")
    if inputs is not None:
        found = allocation_report(read_mapping(inputs))
    else:
        with opened(folder) as source:
            found = month_report(source, str(month))
    if as_json:
        print_json(found)
    else:
        print_rows(["payer", "USD"], [[payer, usd] for payer, usd in found["by_payer"].items()])
