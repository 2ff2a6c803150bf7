"""The group of commands that answer a question headless; each question's file adds its own."""

from dataclasses import asdict
from pathlib import Path

import click

from workbench.cli.app import json_option, print_json, print_rows
from workbench.errors import InputError


def register(group: click.Group) -> None:
    """Add the commands of this file."""
    model.add_command(unit_economics)
    group.add_command(model)


@click.group()
def model() -> None:
    """Run one model headless: `workbench model NAME --help`."""


@click.command("unit_economics")
@click.option(
    "--inputs", required=True, type=click.Path(path_type=Path),
    help="JSON or YAML of the rates: tickets, model_usd_per_attempt, ai_resolution_rate and so on.",
)  # fmt: skip
@json_option
def unit_economics(inputs: Path, as_json: bool) -> None:
    """Cost one unit of value from rates: naive, loaded AI, fully loaded and marginal.

    Measured figures of a workspace stand on its unit economics page.
    """
    from workbench.models.plain import made
    from workbench.models.unit_economics import TicketRates, ticket_costs
    from workbench.yaml_files import read_mapping

    asked = read_mapping(inputs)
    try:
        rates = made(TicketRates, {name: float(value) for name, value in asked.items()})
        found = ticket_costs(rates)
    except (ValueError, TypeError, InputError) as error:
        raise InputError(f"{inputs}: not the rates of a period ({error}).") from error
    answer = {
        **asdict(found.costs),
        "usd_per_1pp_resolution": found.usd_per_1pp_resolution,
        "breakeven_resolution_rate": found.breakeven_resolution_rate,
    }
    if as_json:
        print_json(answer)
    else:
        print_rows(
            ["", "USD or share"],
            [[name.replace("_", " "), "" if value is None else f"{value:,.6g}"] for name, value in answer.items()],
        )  # fmt: skip
