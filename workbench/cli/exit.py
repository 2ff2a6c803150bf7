"""Commands on leaving a provider: replays of the own traffic, and the cost of an exit."""

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from workbench.cli.app import export_group, json_option, print_json, print_rows, workspace_option
from workbench.cli.playbook import as_of_option, opened
from workbench.yaml_files import read_mapping


def register(group: click.Group) -> None:
    """Add the commands of this file to the groups of models and of exports."""
    from workbench.cli.analysis import model

    model.add_command(provider_exit)
    export_group(group).add_command(exit_plan)


@click.command("provider_exit")
@click.option(
    "--replay-to", "target", metavar="PROVIDER/MODEL", help="Re-price the logged traffic there."
)
@click.option(
    "--inputs", type=click.Path(path_type=Path), help="Inventory, effort, tasks: JSON or YAML."
)
@click.option(
    "--prices-at", type=click.DateTime(["%Y-%m-%d"]), default=None,
    help="Day whose prices hold for all requests; each request's own.",
)  # fmt: skip
@as_of_option
@workspace_option
@json_option
def provider_exit(
    target: str | None, inputs: Path | None, prices_at: datetime | None,
    as_of: datetime | None, folder: Path, as_json: bool,
) -> None:  # fmt: skip
    """Re-price the logged traffic at another model, or cost an exit from inputs.

    A replay changes nothing in the store. Its cost is exact; what it assumes is listed.
    """
    if (target is None) == (inputs is None):
        raise click.UsageError("Give one of --replay-to PROVIDER/MODEL and --inputs FILE.")
    found = _exit(inputs) if inputs else _replay(str(target), folder, prices_at, as_of)
    if as_json or inputs:
        print_json(found)
        return
    shown = {name: value for name, value in found.items() if name != "assumptions"}
    print_rows(["", ""], [[name.replace("_", " "), str(value)] for name, value in shown.items()])
    for one in found["assumptions"]:
        click.echo(f"assumed: {one}")


def _exit(inputs: Path) -> dict[str, Any]:
    from workbench.models.provider_exit.headless import exit_report

    return exit_report(read_mapping(inputs))


def _replay(
    target: str, folder: Path, prices_at: datetime | None, as_of: datetime | None
) -> dict[str, Any]:
    from workbench.answers.provider_exit import replay

    with opened(folder, as_of=as_of) as source:
        return replay(source, target, at=prices_at.date() if prices_at else None)


@click.command("exit-plan")
@click.option("--feature", required=True, help="Feature whose dossier holds the plan.")
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="File to write, .html or .pdf."
)
@as_of_option
@workspace_option
def exit_plan(feature: str, out: Path, as_of: datetime | None, folder: Path) -> None:
    """Write a feature's exit plan: what is asked, what is on file, what is missing.

    PDF where a Chromium is present. Estimates of cost and time are on the page, not in here.
    """
    from workbench.answers.provider_exit import plan_of
    from workbench.exports.pdf import write_pdf
    from workbench.playbook.exit_plan import as_html

    if out.suffix not in (".html", ".pdf"):
        raise click.UsageError(f"--out {out}: name a file that ends in .html or .pdf.")
    with opened(folder, as_of=as_of) as source:
        plan = plan_of(source, feature)
    if out.suffix == ".pdf":
        write_pdf(as_html(plan), out)
    else:
        out.write_text(as_html(plan), encoding="utf-8")
    click.echo(f"{out}: {plan.verdict}")
