"""Commands of the register of assumptions: versions, their way to the lock, what differs."""

from datetime import UTC, datetime
from pathlib import Path

import click

from workbench.cli.app import (
    Amount,
    as_option,
    json_option,
    print_json,
    print_rows,
    workspace_option,
)
from workbench.cli.playbook import as_of_option, opened


def register(group: click.Group) -> None:
    """Add the commands of this file."""
    group.add_command(assumptions)


@click.group()
def assumptions() -> None:
    """Begin a register and sign its versions: start, draft, submit, approve (somebody else), lock."""


@assumptions.command("list")
@workspace_option
@json_option
def list_versions(folder: Path, as_json: bool) -> None:
    """List every version and its way to the lock."""
    from workbench.answers.vintages import versions

    found = versions(folder.resolve())
    if as_json:
        print_json(found)
    else:
        columns = ("hash", "name", "state", "maker")
        print_rows(columns, [[str(one[name])[:12] for name in columns] for one in found])


@assumptions.command("start")
@click.option("--budget", "budget_usd", type=Amount(), required=True, help="USD a month.")
@click.option("--months", type=click.IntRange(1, 120), default=12, show_default=True)
@click.option("--owner", required=True, help="Role that answers for the numbers until others do.")
@as_of_option
@workspace_option
def start(budget_usd: float, months: int, owner: str, as_of: datetime | None, folder: Path) -> None:
    """Write a first register from the logs: requests and cost a request of every feature."""
    from workbench.answers.register_start import first_register, write_first

    with opened(folder, as_of=as_of) as source:
        document = first_register(source, budget_usd=budget_usd, months=months, owner=owner)
        path = write_first(folder, document, as_of=source.as_of)
    click.echo(
        f"{path}: {len(document['lines'])} lines from {document['first_month']}. Put your own low and "
        "high, then see it with `workbench model envelope`."
    )


@assumptions.command("diff")
@click.option("--register", "name", help="Which register of the workspace.")
@click.option("--from", "before", help="Hash of a locked version; the last one without it.")
@click.option(
    "--to", "after", help="Hash of a locked version; the register as it stands without it."
)
@workspace_option
@json_option
def diff_versions(
    name: str | None, before: str | None, after: str | None, folder: Path, as_json: bool
) -> None:
    """List what differs between two versions and what each change does to the base case."""
    from workbench.answers.envelope import chosen_register
    from workbench.answers.vintages import compared

    root = folder.resolve()
    found = compared(root, chosen_register(root, name), before=before, after=after)
    if as_json:
        print_json(found)
        return
    print_rows(
        ["assumption", "before", "after"],
        [[one["path"], str(one["before"]), str(one["after"])] for one in found["differences"]],
    )
    print_rows(
        ["base case, judged values", "USD"],
        [
            ["before", f"{found['base_before_usd']:,.2f}"],
            *([one["entry"], f"{one['usd']:+,.2f}"] for one in found["bridge"]),
            ["after", f"{found['base_after_usd']:,.2f}"],
        ],
    )


def _step(name: str, help_text: str) -> click.Command:
    @click.command(name, help=help_text)
    @click.option("--register", "register_name", help="Which register of the workspace.")
    @click.option("--note", default="", help="Why; needed to send a version back.")
    @as_option
    @workspace_option
    def step(register_name: str | None, note: str, by: str, folder: Path) -> None:
        from workbench.answers.locking import move

        today = datetime.now(tz=UTC).date()
        with opened(folder) as source:
            version = move(source, name, register_name=register_name, by=by, on=today, note=note)
        click.echo(
            f"{version.name} {version.hash[:12]} is {version.state}. Names are recorded, not "
            "authenticated."
        )

    return step


for _name, _help in (
    ("draft", "Begin a version of the register as it stands."),
    ("submit", "Hand the draft in."),
    ("approve", "Approve what was handed in; not by its maker."),
    ("back", "Send what was handed in back to its maker, with a --note."),
    ("lock", "Lock the approved version: its envelope is later scored."),
):
    assumptions.add_command(_step(_name, _help))
