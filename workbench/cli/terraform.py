"""Commands on the workspace's Terraform: what is wrong with it, and what it costs a month."""

from datetime import datetime
from pathlib import Path

import click

from workbench.cli.app import json_option, print_json, print_rows, workspace_option
from workbench.cli.playbook import as_of_option, opened
from workbench.errors import InputError

FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)


def register(group: click.Group) -> None:
    """Add the commands of this file."""
    group.add_command(terraform)


@click.group()
def terraform() -> None:
    """Check Terraform modules offline, and estimate what they cost a month."""


@terraform.command()
@click.argument("module", type=FOLDER)
@json_option
def lint(module: Path, as_json: bool) -> None:
    """List what is wrong with every module below MODULE; exit 1 where anything is.

    Arguments are checked against the providers' schemas (AWS 6.25, Google 7.x); nothing is applied.
    """
    from workbench.playbook.terraform import lint_tree

    found = lint_tree(module)
    rows = [[one.file, one.address, one.rule, one.text] for one in found]
    if as_json:
        names = ("file", "address", "rule", "text")
        print_json({"findings": [dict(zip(names, row, strict=True)) for row in rows]})
    elif rows:
        print_rows(["file", "where", "rule", "what to do"], rows)
    else:
        click.echo(f"No finding below {module}. Nothing was planned or applied.")
    if rows:
        raise click.exceptions.Exit(1)


@terraform.command()
@click.argument("module", type=FOLDER)
@click.option(
    "--feature", default=None, help="Take traffic and cost from this feature's own requests."
)
@click.option("--model", default=None, help="Or price a model: provider/model.")
@click.option(
    "--requests",
    type=click.FloatRange(min=0, min_open=True),
    default=None,
    help="Requests a month.",
)
@click.option(
    "--tokens",
    "meters",
    multiple=True,
    metavar="METER=COUNT",
    help="What a request uses; may be repeated.",
)
@click.option(
    "--log-bytes",
    type=click.FloatRange(min=0),
    default=15_000,
    show_default=True,
    help="Raw bytes a request leaves in each log.",
)
@as_of_option
@workspace_option
@json_option
def estimate(  # noqa: PLR0913  # one parameter an option
    module: Path, feature: str | None, model: str | None, requests: float | None,
    meters: tuple[str, ...], log_bytes: float, as_of: datetime | None, folder: Path, as_json: bool,
) -> None:  # fmt: skip
    """Estimate the month of a module: model calls by the price book, stores by their price sheet."""
    from workbench.answers.readiness import evidence_of
    from workbench.playbook.terraform_cost import calls_of_feature, calls_of_model
    from workbench.playbook.terraform_cost import estimate as estimated

    if (feature is None) == (model is None):
        raise click.UsageError("Name either --feature or --model.")
    with opened(folder, as_of=as_of) as source:
        evidence = evidence_of(source)
        if feature is not None:
            calls, traffic = calls_of_feature(
                evidence, feature=feature, requests_per_month=requests
            )
        else:
            if requests is None or not meters:
                raise click.UsageError("--model needs --requests and at least one --tokens.")
            used = dict(_meter(text) for text in meters)
            calls = calls_of_model(
                evidence, model=str(model), requests_per_month=requests, meters=used
            )
            traffic = requests
    found = estimated(module, calls=calls, requests_per_month=traffic, bytes_per_request=log_bytes)
    if as_json:
        print_json(found.as_json())
        return
    rows = [
        [one.what, one.quantity, "unpriced" if one.usd is None else f"{one.usd:,.2f}", one.source]
        for one in found.lines
    ]
    print_rows(["what", "a month", "USD", "source"], rows)
    click.echo(
        f"{found.module}: {found.priced_usd:,.2f} USD a month for what has a price, at "
        f"{found.requests_per_month:,.0f} requests; {found.unpriced} resources have no price on file."
    )


def _meter(text: str) -> tuple[str, float]:
    name, mark, count = text.partition("=")
    try:
        value = float(count)
    except ValueError:
        value = -1.0
    if not mark or value < 0:
        raise InputError(f"--tokens {text}: write METER=COUNT, such as uncached_input_tokens=1200.")
    return name, value
