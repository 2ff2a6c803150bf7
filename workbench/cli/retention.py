"""Commands that decide what is kept, dispose of the rest, and forget a person."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from workbench.cli.app import json_option, print_json, print_rows, workspace_option
from workbench.cli.playbook import as_of_option

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workbench.store.disposition import Item


def register(group: click.Group) -> None:
    """Add the commands of this file."""
    from workbench.cli.analysis import model

    group.add_command(retain)
    group.add_command(erase)
    model.add_command(retention)


@click.group()
def retain() -> None:
    """Say what has reached the end of its period, and dispose of it with a certificate.

    Content goes by month. So do metering rows and outcomes once their month is closed: rollups,
    counts and closed figures stay to the last digit. Periods stand in the dossiers; for rows no
    dossier speaks for, [retention] metering_days in workbench.toml. Legal holds are listed in
    holds.yaml (name, and optionally data_class, since, until); they override every period.
    """


def _day(folder: Path, as_of: datetime | None) -> date:
    from workbench.workspace import Workspace

    if as_of is not None:
        return as_of.date()
    workspace = Workspace(folder)
    with workspace.reader() as catalog:
        return workspace.as_of(catalog) or datetime.now(tz=UTC).date()


@retain.command()
@as_of_option
@workspace_option
@json_option
def plan(as_of: datetime | None, folder: Path, as_json: bool) -> None:
    """Show what would go, why, and by which rule; nothing is changed."""
    from workbench.answers import retention as answers
    from workbench.playbook.retention_plan import as_data
    from workbench.workspace import Workspace

    day = _day(folder, as_of)
    items, found = answers.plan(Workspace(folder), as_of=day)
    data = {"as_of": day.isoformat(), **as_data(items, found), "scope": answers.SCOPE}
    if as_json:
        print_json(data)
        return
    if items:
        print_rows(["", "class", "month", "files", "rows", "why", "rules"], _by_month(items))
    else:
        click.echo("Nothing is on file, so nothing would go.")
    law = sorted({line for one in data["law"] for line in _law_lines(one)})
    if law:
        heads = ["store", "class", "from", "at least", "at most", "stated", "verdict", "why"]
        print_rows(heads, [list(one) for one in law])
    for told in dict.fromkeys(_open(data)):
        click.echo(told)
    click.echo(f"As of {day}. {answers.SCOPE} Not legal advice.")


def _law_lines(one: dict[str, Any]) -> "Iterator[tuple[str, ...]]":
    """Yield a line a trigger of one series: what the law asks, what is stated, the verdict."""
    unbound: dict[str, Any] = {"verdict": one["verdict"], "reason": "no rule binds it"}
    for band in one["bands"] or [unbound]:
        least, most = band.get("lower_days"), band.get("upper_days")
        yield (
            one["store"], ", ".join(one["record_classes"]), band.get("trigger", ""),
            _days(least), _days(most), _days(one["stated_days"]), band["verdict"],
            _beside_the_law(one["stated_days"], least, most) or band["reason"]
            if band["verdict"] == "feasible" else band["reason"],
        )  # fmt: skip


def _beside_the_law(stated: int | None, least: int | None, most: int | None) -> str:
    """Return how a stated period misses a law that could be kept; empty where it does not."""
    if stated is not None and least is not None and stated < least:
        return f"stated is too short: kept {least:,} d all the same"
    if stated is not None and most is not None and stated > most:
        return "stated is too long"
    return ""


def _days(days: int | None) -> str:
    return "" if days is None else f"{days:,} d"


def _open(data: dict[str, Any]) -> "Iterator[str]":
    """Yield what fails and what collides across triggers, a line each."""
    for one in data["law"]:
        where = f"{one['store']}, {', '.join(one['record_classes'])}"
        for finding in one["findings"]:
            if finding["verdict"] == "fail":
                yield f"fails: {where}: {finding['subject']}: {finding['text']}"
        if one["across_triggers"]:
            yield f"collides: {where}: if all happens on one day: {one['across_triggers']['reason']}"


def _by_month(items: "Sequence[Item]") -> list[list[str]]:
    """Return a line a decision, class and month; `--json` lists every file."""
    found: dict[tuple[str, ...], list[Item]] = {}
    for one in items:
        key = (one.decision, one.data_class, one.month, one.reason, ", ".join(one.rule_ids))
        found.setdefault(key, []).append(one)
    return [
        [decision, name, month, str(len(ones)), f"{sum(i.rows or 0 for i in ones):,}", why, rules]
        for (decision, name, month, why, rules), ones in sorted(found.items())
    ]


@retain.command()
@as_of_option
@workspace_option
@json_option
def apply(as_of: datetime | None, folder: Path, as_json: bool) -> None:
    """Dispose of what the plan says, and leave a signed certificate."""
    from workbench.answers import retention as answers
    from workbench.workspace import Workspace

    now = datetime.now(tz=UTC)
    certificate = answers.apply(Workspace(folder), as_of=_day(folder, as_of), now=now)
    if as_json:
        print_json({"certificate": certificate})
    elif certificate is None:
        click.echo("Nothing has reached the end of its period.")
    else:
        told = f"{len(certificate['files'])} files, {certificate['rows']:,} rows disposed of"
        _print_certificate(certificate, told)


@click.command()
@click.option("--subject", metavar="USER_HASH", help="The person's user_hash in the store.")
@click.option("--user-id", metavar="ID", help="The person's plain id; its hash is made here.")
@workspace_option
@json_option
def erase(subject: str | None, user_id: str | None, folder: Path, as_json: bool) -> None:
    """Remove one person: content goes, metering rows lose user, session and trace.

    Logs, tables and exports that lie in the workspace are cleaned too. Cost, meters, closed
    figures and counts stay. Source logs outside the workspace are listed: they are yours to erase. While a legal hold is on file nothing is erased.
    """
    from workbench.answers import retention as answers
    from workbench.workspace import Workspace

    if (subject is None) == (user_id is None):
        raise click.UsageError("Name the person by one of --subject and --user-id.")
    workspace, now = Workspace(folder), datetime.now(tz=UTC)
    certificate = answers.erase(workspace, subject=subject, user_id=user_id, now=now)
    if certificate["snapshots_removed"]:
        from workbench.answers.publish import publish

        publish(workspace, now=now)
    if as_json:
        print_json({"certificate": certificate})
        return
    counts = ", ".join(
        f"{certificate[f'{kind}_rows']:,} {kind} rows"
        for kind in ("usage", "outcome", "content", "quarantined")
    )
    _print_certificate(certificate, f"Erased: {counts}")
    if not any(
        certificate[f"{kind}_rows"] for kind in ("usage", "outcome", "content", "quarantined")
    ):
        click.echo(
            "Nothing of this person was in the store. If you expected rows, check the id: it is hashed as it "
            "stands in the logs, case and spaces included.", err=True,
        )  # fmt: skip
    for path in certificate["files_cleaned"]:
        click.echo(f"cleaned: {path}")
    for path in certificate["owner_to_erase"]:
        click.echo(f"yours to erase: {path}")
    for one in certificate["still_found_in"]:
        click.echo(f"still found: {one['file']}, {one['where']}", err=True)


def _print_certificate(certificate: dict[str, Any], told: str) -> None:
    click.echo(
        f"{told}. Certificate {certificate['number']}, sha256 {certificate['sha256']}, "
        f"signed by {certificate['fingerprint']}."
    )


@click.command()
@click.option("--inputs", required=True, type=click.Path(path_type=Path), help="JSON or YAML file.")
@json_option
def retention(inputs: Path, as_json: bool) -> None:
    """Cost a retention policy, and with `choices` search for cheaper ones.

    Inputs: packet, flow, plan (tiers, starts, period_days), and optionally reading, limits,
    choices.
    """
    from workbench.models.retention.headless import retention_report
    from workbench.reference import read_table
    from workbench.yaml_files import read_mapping

    found = retention_report(read_mapping(inputs), read_table("storage_prices"))
    if as_json:
        print_json(found)
        return
    month = {name: usd for name, usd in found["month"].items() if isinstance(usd, float)}
    print_rows(["", "a month"], [[name, f"{usd:,.4f}"] for name, usd in month.items()])
    click.echo(f"10 % fewer days save {found['days_elasticity'] * 0.1:.1%} of it.")
