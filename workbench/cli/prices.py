"""Commands on the price book: import, list, check, compare, refresh."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import click

from workbench.cli.app import json_option, print_json, print_rows, print_table, workspace_option

format_option = click.option(
    "--format", "how", type=click.Choice(["table", "csv", "json"]), default="table"
)


def register(group: click.Group) -> None:
    """Add the commands of this file."""
    group.add_command(prices)


@click.group()
def prices() -> None:
    """Import contract sheets, list the price book, say what is not priced."""


@prices.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--layer", type=click.Choice(["witness", "overlay"]), default=None, help="Of published list prices (JSON): compare them only, or let them fill what the default book lacks.  [default: witness]")  # fmt: skip
@workspace_option
@json_option
def import_sheets(files: tuple[Path, ...], layer: str | None, folder: Path, as_json: bool) -> None:
    """Import contract price sheets, sheets of own capacity or of offers, or published list prices.

    Contract sheets are CSV or .xlsx with the same columns. In Excel every visible sheet whose first row names provider and model is read; a number counts as
    the shortest decimal of its cell, a formula with its stored value. Own capacity and offers are CSV.

    A sheet of own capacity has the columns provider, model (or *), accelerators,
    usd_per_accelerator_hour and effective_from; see `workbench prices capacity`. One of offers
    has offer, provider, model and usd_per_unit_hour; see `workbench prices offers`.

    Published list prices are JSON and known by their shape: LiteLLM's model map, OpenRouter's
    /api/v1/models, Azure Retail Prices, an AWS Price List, Google Cloud SKUs. They are kept as
    witnesses, which never price usage; `workbench prices diff` compares them with the book.
    """
    from workbench.answers.prices import import_published
    from workbench.cli import published_prices
    from workbench.pricing.published import is_published
    from workbench.workspace import Workspace

    published = [path for path in files if is_published(path)]
    sheets = [path for path in files if path not in published]
    if (layer or as_json) and sheets:
        raise click.UsageError(
            f"--layer and --json are for published list prices (JSON); {sheets[0]} is a sheet."
        )
    now = datetime.now(tz=UTC)
    if published:
        done = import_published(Workspace(folder), published, now=now, layer=layer or "witness")
        published_prices.tell(done, as_json=as_json)
    if sheets:
        _import_sheets(sheets, folder, now=now)


def _import_sheets(sheets: Sequence[Path], folder: Path, *, now: datetime) -> None:
    from workbench.answers.prices import without_usage
    from workbench.workspace import Workspace, offer_sheets

    workspace = Workspace(folder)
    offered = offer_sheets.read(sheets, known_from=now)
    priced = [sheet for sheet in sheets if sheet not in offered]
    imported = workspace.import_prices(priced, now=now) if priced else []
    kept = offer_sheets.keep(workspace.layout, offered)
    for sheet in kept:
        click.echo(f"{sheet.source}: {len(sheet.rows)} offers of capacity kept as {sheet.sheet_id}")
    for one in imported:
        what = "daily prices allocated" if one.is_allocated else "prices imported"
        click.echo(f"{one.source}: {len(one.rows)} {what} as {one.import_id}")
    if not imported and not kept:
        click.echo("Nothing new: these sheets are the ones imported last.")
    labels = {one.label for one in imported}
    unused = [one for one in without_usage(workspace) if one["sheet"] in labels]
    if unused and workspace.status()["requests"]:
        names = ", ".join(f"{one['provider']}/{one['model']}" for one in unused[:5])
        more = f" and {len(unused) - 5} more" if len(unused) > 5 else ""
        click.echo(f"note: no logged request uses {names}{more}; check the names if that is wrong.")


@prices.command("capacity")
@workspace_option
@json_option
def capacity(folder: Path, as_json: bool) -> None:
    """Say where the bill of own accelerators went: allocated to tokens, unused, rounding."""
    from workbench.workspace import Workspace

    found = [
        {name: str(value) if isinstance(value, Decimal) else value for name, value in one.items()}
        for one in Workspace(folder).own_capacity()
    ]
    if as_json:
        print_json(found)
    elif found:
        header = [name.replace("_", " ") for name in found[0]]
        print_rows(header, [[_text(value) for value in one.values()] for one in found])
    else:
        click.echo("No sheet of own capacity. Import one: workbench prices import SHEET.csv")


@prices.command("offers")
@click.option("--template", is_flag=True, help="CSV of the offers that lack a term, to fill in and import.")  # fmt: skip
@workspace_option
@json_option
def offers(template: bool, folder: Path, as_json: bool) -> None:
    """List offers of capacity: provisioned units by model and term, and which lack a published term."""
    from workbench.models.offers import offers_of, open_offers_of
    from workbench.pricing.offer_sheet import COLUMNS
    from workbench.workspace import Workspace, offer_sheets

    table = offer_sheets.all_rows(Workspace(folder).layout)
    if template:
        click.echo(offer_sheets.template(table, COLUMNS), nl=False)
        return
    found = [
        {"offer": one.unit.name, "provider": one.provider, "usd_per_unit_hour": one.unit.usd_per_hour,
         "breakeven_utilization": one.unit.breakeven_utilization, "terms": one.confidence}
        for one in offers_of(table)
    ] + [
        {"offer": one.name, "provider": one.provider, "usd_per_unit_hour": None,
         "breakeven_utilization": None, "terms": one.words}
        for one in open_offers_of(table)
    ]  # fmt: skip
    if as_json:
        print_json(found)
        return
    header = [name.replace("_", " ") for name in found[0]]
    print_rows(header, [["–" if v is None else _text(v) for v in one.values()] for one in found])


def _text(value: object) -> str:
    return f"{value:,.4g}" if isinstance(value, float) else str(value)


@prices.command("list")
@click.argument("model", required=False)
@workspace_option
@format_option
def list_prices(model: str | None, folder: Path, how: str) -> None:
    """List the price book, or the prices of one MODEL."""
    from workbench.workspace import Workspace

    table = Workspace(folder).prices(model=model)
    print_table(table, how=how)
    if model and table.num_rows == 0:
        click.echo(
            f"No price of {model!r}. Add it to a contract sheet: workbench prices import SHEET.csv", err=True
        )  # fmt: skip


@prices.command("check")
@workspace_option
@format_option
def check_prices(folder: Path, how: str) -> None:
    """Say which usage is unpriced or partly priced, and how much of it."""
    from workbench.answers.prices import UNPRICED, without_usage
    from workbench.workspace import Workspace

    workspace = Workspace(folder)
    table = workspace.sql(UNPRICED)
    print_table(table, how=how)
    if how != "table":
        return
    click.echo("Nothing unpriced." if table.num_rows == 0 else "Add these to a contract sheet.")
    for one in without_usage(workspace):
        click.echo(f"{one['sheet']} prices {one['provider']}/{one['model']}, which no request uses.")  # fmt: skip


@prices.command("diff")
@click.argument("model", required=False)
@click.option("--all", "everything", is_flag=True, help="The whole book, not only models in use.")
@click.option("--at", type=click.DateTime(["%Y-%m-%d"]), help="Day the prices hold at.  [default: today]")  # fmt: skip
@workspace_option
@json_option
def diff(
    model: str | None, everything: bool, at: datetime | None, folder: Path, as_json: bool
) -> None:
    """List the prices that two sources state differently; the source that wins comes first."""
    from workbench.answers.prices import differences
    from workbench.workspace import Workspace

    found = differences(
        Workspace(folder), at=at or datetime.now(tz=UTC), model=model, everything=everything
    )
    if as_json:
        print_json({"differences": found})
        return
    rows = [
        [
            one["provider"], one["model"], one["meter"], one["conditions"],
            "; ".join(f"{usd:g} {label}" for label, usd in one["usd_per_million"].items()),
        ]
        for one in found
    ]  # fmt: skip
    if rows:
        print_rows(["provider", "model", "meter", "conditions", "USD per million units"], rows)
    click.echo(f"{len(rows)} prices differ." if rows else "No two sources differ.")


@prices.command("refresh")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Write the compiled book to this folder instead of the workspace.")  # fmt: skip
@workspace_option
def refresh(out: Path | None, folder: Path) -> None:
    """Take list prices from the installed genai-prices package; nothing is fetched.

    First bring the package up to date: pip install --upgrade genai-prices.
    """
    now = datetime.now(tz=UTC)
    if out is not None:
        from workbench.pricing.genai import compile_installed, write_default

        out.mkdir(parents=True, exist_ok=True)
        book = compile_installed(retrieved_on=now.date())
        write_default(book, out)
        click.echo(f"{len(book.rows):,} prices of {book.label} written to {out}.")
        return
    from workbench.answers.prices import refresh as take_installed
    from workbench.workspace import Workspace

    done = take_installed(Workspace(folder), now=now)
    if done is None:
        click.echo("The book already holds these prices.")
    else:
        click.echo(f"{len(done.rows):,} prices of {done.label} taken; all usage is priced again.")
