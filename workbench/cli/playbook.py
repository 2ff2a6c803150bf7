"""Commands of the go-live playbook: checks, monitoring, model upgrades."""

from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from workbench.cli.analysis import model
from workbench.cli.app import json_option, print_json, print_rows, workspace_option

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workbench.answers import Source


FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


def register(group: click.Group) -> None:
    """Add the commands of this file."""
    group.add_command(check)
    for command in (monitoring, model_upgrade):
        model.add_command(command)


def opened(folder: Path, *, as_of: datetime | None = None) -> "AbstractContextManager[Source]":
    """Open a workspace for an answer; an empty store answers for yesterday."""
    return _opened(folder, as_of)


@contextmanager
def _opened(folder: Path, as_of: datetime | None) -> "Iterator[Source]":
    from workbench.answers import Source
    from workbench.workspace import Workspace

    workspace = Workspace(folder)
    with workspace.reader(locked=False) as catalog:
        day = as_of.date() if as_of else workspace.as_of(catalog)
        yield Source(workspace, catalog, day or _today())


def _today() -> date:
    return datetime.now(tz=UTC).date()


as_of_option = click.option(
    "--as-of",
    type=click.DateTime(["%Y-%m-%d"]),
    default=None,
    help="Day the answer holds for; the last complete day in the store.",
)


@click.command()
@click.option("--stage", type=click.IntRange(0, 5), default=None, help="Only this stage.")
@as_of_option
@workspace_option
@json_option
def check(stage: int | None, as_of: datetime | None, folder: Path, as_json: bool) -> None:
    """Run the playbook's checks; exit 1 while something fails or lacks evidence."""
    from workbench.answers.readiness import report

    with opened(folder, as_of=as_of) as source:
        found = report(source, stage=stage)
    if as_json:
        print_json(found.as_json())
    else:
        rows = [[c.check_id, c.verdict, c.question, c.reason] for c in found.checks]
        print_rows(["check", "verdict", "question", "reason"], rows)
        for one in found.stages:
            click.echo(f"stage {one.stage}: {'passed' if one.passed else 'not passed'}")
    if not found.passed:
        raise click.exceptions.Exit(1)


@click.command()
@as_of_option
@workspace_option
@json_option
def monitoring(as_of: datetime | None, folder: Path, as_json: bool) -> None:
    """Measure burn, cost, accuracy, drift and latency of every feature in production."""
    from workbench.answers.monitoring import report

    with opened(folder, as_of=as_of) as source:
        found = report(source)
    if as_json:
        print_json(found)
        return
    header = ["feature", "model", "region", "version", "requests", "errors", "p95 ms", "p95 band"]
    print_rows(header, [_health_row(row) for one in found["features"] for row in one["health"]])
    for one in found["features"]:
        paged = [r for r in one["burn"].get("rules", []) if r["paged_minutes"]]
        for rule in paged:
            click.echo(
                f"{one['feature']}: burned above {rule['rate']:g} for {rule['paged_minutes']} min"
            )


def _health_row(row: dict[str, Any]) -> list[str]:
    p95 = next((one for one in row["latency"] if one["share"] == 0.95), None)
    slow = (
        [f"{p95['ms']:,.0f}", f"{p95['low_ms']:,.0f} to {p95['high_ms']:,.0f}"] if p95 else ["", ""]
    )
    named = [row[name] for name in ("feature", "model", "region", "version")]
    return [*named, f"{row['requests']:,}", f"{row['errors']:,}", *slow]


@click.command("model_upgrade")
@click.option(
    "--inputs", "old", type=FILE, help="Result files: the old model's, then the new ones."
)
@click.argument("news", nargs=-1, type=FILE)
@click.option(
    "--critical/--not-critical", default=True, show_default=True, help="Margin 2 or 5 points."
)
@click.option("--cost-rise-approved", is_flag=True, help="Somebody approved that it costs more.")
@click.option(
    "--requests-per-hour",
    type=click.FloatRange(min=0, min_open=True),
    default=None,
    help="Traffic, for the cut-over plan.",
)
@workspace_option
@json_option
def model_upgrade(
    old: Path | None, news: tuple[Path, ...], critical: bool, cost_rise_approved: bool,
    requests_per_hour: float | None, folder: Path, as_json: bool,
) -> None:  # fmt: skip
    """Compare a new model with the old one on the same cases: verdict, cost, cut-over plan.

    Reads result files of promptfoo, Langfuse, DeepEval or plain CSV; without --inputs the upgrades
    in the workspace's dossiers.
    """
    from workbench.answers.model_upgrade import compare_files, document

    if old is not None and news:
        found = compare_files(
            old, news, critical=critical, approved=cost_rise_approved,
            requests_per_hour=requests_per_hour,
        )  # fmt: skip
    elif old is None and not news:
        with opened(folder) as source:
            found = document(source)
    else:
        raise click.UsageError("--inputs names the old result file and at least one new one.")
    if as_json:
        print_json(found)
        return
    print_rows(
        ["new results", "verdict", "difference", "lower bound", "pairs", "needed", "cost"],
        [_upgrade_row(one) for one in found["upgrades"]],
    )
    for one in found["upgrades"]:
        for reason in one.get("comparison", {}).get("reasons", ()):
            click.echo(f"{one['new_results']}: {reason}")


def _upgrade_row(one: dict[str, Any]) -> list[str]:
    if "missing" in one:
        return [one["new_results"], f"not shown: {one['missing']}", "", "", "", "", ""]
    quality, change = one["comparison"]["quality"], one["comparison"]["cost_change"]
    return [
        one["new_results"], one["verdict"], f"{quality['difference']:+.1%}",
        f"{quality['lower_bound']:+.1%}", str(quality["pairs"]), str(quality["pairs_needed"]),
        "not measured" if change is None else f"{change:+.1%}",
    ]  # fmt: skip
