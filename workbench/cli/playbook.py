"""Commands of the go-live playbook: checks and the audit pack."""

from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from workbench.cli.app import json_option, print_json, print_rows, workspace_option

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workbench.answers import Source


def register(group: click.Group) -> None:
    """Add the commands of this file."""
    group.add_command(check)


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
