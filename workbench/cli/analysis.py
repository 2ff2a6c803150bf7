"""Commands that answer a question headless."""

from pathlib import Path

import click

from workbench.cli.app import print_rows


def register(group: click.Group) -> None:
    """Add the commands of this file."""
    group.add_command(model)


@click.group()
def model() -> None:
    """Run one model headless: `workbench model NAME --help`."""


@model.command()
@click.option(
    "--predict", "points", required=True, type=click.Path(path_type=Path),
    help="CSV of serving points, .gz or plain.",
)  # fmt: skip
@click.option("--out", required=True, type=click.Path(path_type=Path), help="CSV to write.")
def hosting(points: Path, out: Path) -> None:
    """Predict throughput, TPOT and TTFT of serving points, each with its band."""
    from workbench.exports.hosting_predict import predict_csv

    counted = predict_csv(points, out)
    print_rows(["", "rows"], [[name, f"{count:,}"] for name, count in counted.items()])
