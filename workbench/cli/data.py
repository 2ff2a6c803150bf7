"""Commands that put data in and look after it."""

import shlex
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from workbench.cli.app import json_option, print_json, print_rows, print_table, workspace_option
from workbench.errors import InputError

MOST_ERRORS = 20
"""Refused files that are listed one by one."""


def register(group: click.Group) -> None:
    """Add the commands of this file."""
    for command in (init, ingest, status, verify, rebuild, compact, sql):
        group.add_command(command)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--yes", is_flag=True, help="Ask nothing; write dossiers by hand later.")
def init(folder: Path, yes: bool) -> None:
    """Make a workspace in FOLDER: settings, price book, keys, empty store.

    On a terminal it asks for the first feature: what no default can know.
    """
    from workbench.playbook.scaffold import scaffold
    from workbench.store.signing import signing_key
    from workbench.workspace import Workspace

    signing_key(Workspace.init(folder).layout.signing_key)
    scaffold(folder)
    if not yes and sys.stdin.isatty():
        _ask_for_feature(folder)
    else:
        click.echo(
            f"No dossier was written: copy {folder}/dossiers/dossier.schema.json into your editor and write "
            f"dossiers/FEATURE.yaml, which begins with `feature: …`."
        )
    click.echo(f"Workspace ready in {folder}. Next: workbench ingest LOGS{_in(folder)}")


def _ask_for_feature(folder: Path) -> None:
    """Ask for a first feature and write its dossier; an empty name asks no more."""
    from workbench.playbook.scaffold import first_dossier

    feature = click.prompt(
        "AI feature, as your logs name it (empty: later)", default="", show_default=False
    )
    if not feature:
        return
    owner = click.prompt("Role that answers for it")
    unit = click.prompt("Unit of value, such as resolved ticket")
    places = click.prompt("Jurisdictions, such as EU, UK")
    sector = click.prompt("Sector, such as finance, health, software")
    classes = click.prompt("Data classes, such as personal, card, customer content")
    role = click.prompt(
        "Role under the EU AI Act", default="deployer",
        type=click.Choice(["provider", "deployer", "importer", "distributor", "none"]),
    )  # fmt: skip
    pattern = click.prompt(
        "Hosting", default="managed", type=click.Choice(["managed", "hybrid", "self-hosted"])
    )
    path = first_dossier(
        folder, feature=feature, owner_role=owner, unit_of_value=unit, jurisdictions=_listed(places),
        more={
            "sector": sector, "data_classes": _listed(classes), "ai_act": {"role": role},
            "hosting": {"pattern": pattern},
        },
    )  # fmt: skip
    click.echo(f"Dossier in {path}; `workbench check` says what it lacks.")


def _listed(text: str) -> list[str]:
    return [one.strip() for one in text.split(",") if one.strip()]


def _constants(pairs: tuple[str, ...]) -> dict[str, str]:
    constants: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise click.UsageError(f"--set {pair!r}: write it as column=value.")
        if name in constants:
            raise click.UsageError(f"--set {name} is given twice.")
        constants[name] = value
    return constants


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--format", "fmt", default=None, help="Log format; recognised if not given.")
@click.option("--set", "sets", multiple=True, metavar="COLUMN=VALUE", help="Constant for a column the files lack.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Read and count everything, commit nothing.")
@workspace_option
@json_option
def ingest(
    paths: tuple[Path, ...], fmt: str | None, sets: tuple[str, ...], dry_run: bool,
    folder: Path, as_json: bool,
) -> None:  # fmt: skip
    """Read log files, folders or globs into the store.

    Every record is loaded, a duplicate, quarantined or skipped; a file is committed whole or
    not at all; reading the same bytes again changes nothing. `--format content` reads prompts
    and answers: those of the data classes that [content] keep in workbench.toml asks for are
    screened and kept, the rest is passed over.
    """
    if fmt == "content":
        _ingest_content(paths, _constants(sets), folder, dry_run=dry_run, as_json=as_json)
        return
    from workbench.cli.progress import bar
    from workbench.workspace import Workspace

    with bar(hidden=as_json) as progress:
        report = Workspace(folder).ingest(
            paths,
            now=datetime.now(tz=UTC),
            fmt=fmt,
            constants=_constants(sets),
            dry_run=dry_run,
            progress=progress,
        )
    if as_json:
        print_json(
            {
                "dry_run": dry_run,
                "files": [{name: getattr(one, name) for name in _COUNTED} for one in report.staged],
                "already_known": [one.path for one in report.known],
                "refused": [{"path": path, "error": text} for path, text in report.failed],
            }
        )
    else:
        _print_ingest(report, folder, dry_run=dry_run)
    if report.failed:
        raise click.exceptions.Exit(1)


def _ingest_content(
    paths: tuple[Path, ...],
    constants: dict[str, str],
    folder: Path,
    *,
    dry_run: bool,
    as_json: bool,
) -> None:
    from workbench.answers import content
    from workbench.workspace import Workspace

    if dry_run:
        raise click.UsageError("--dry-run is not offered for content.")
    files = [
        one for path in paths for one in (sorted(path.rglob("*.*")) if path.is_dir() else [path])
    ]
    report = content.read(Workspace(folder), files, now=datetime.now(tz=UTC), constants=constants)
    if as_json:
        print_json(content.as_data(report))
        return
    kept = ", ".join(f"{rows:,} {name}" for name, rows in sorted(report.kept.items()))
    click.echo(f"Kept: {kept or 'nothing'}.")
    for name, rows in sorted(report.not_asked_for.items()):
        click.echo(
            f"not kept: {rows:,} {name}; [content] keep in workbench.toml does not ask for it"
        )
    if report.redacted:
        found = ", ".join(f"{count:,} {kind}" for kind, count in sorted(report.redacted.items()))
        click.echo(f"redacted before it was kept: {found}")
    if report.duplicates:
        click.echo(f"kept before: {report.duplicates:,} records")
    for path in report.known:
        click.echo(f"already read: {path}")


_COUNTED = (
    "path", "format", "records", "loaded", "duplicates", "quarantined", "skipped", "lines",
    "blank", "skipped_by_kind", "notes",
)  # fmt: skip


def _print_ingest(report: object, folder: Path, *, dry_run: bool) -> None:
    from workbench.ingest.formats import formats_known
    from workbench.workspace import IngestReport

    assert isinstance(report, IngestReport)
    header = ["file", "format", "records", "loaded", "duplicates", "quarantined", "skipped"]
    rows = [
        [one.path, one.format, *(f"{getattr(one, name):,}" for name in header[2:])]
        for one in report.staged
    ]
    if rows:
        print_rows(header, rows)
    for one in report.staged:
        for note in one.notes:
            click.echo(f"note: {one.path}: {note}")
    for one in report.known:
        click.echo(f"already read: {one.path}" + "".join(f"; {note}" for note in one.notes))
    hint = formats_known()  # once, however many files it is true of
    for path, whole in report.failed[:MOST_ERRORS]:
        text = whole.removesuffix(hint).rstrip()
        click.echo(f"error: {text if path in text else f'{path}: {text}'}", err=True)
    if len(report.failed) > MOST_ERRORS:
        more = len(report.failed) - MOST_ERRORS
        click.echo(f"error: {more} more files were refused; --json lists all.", err=True)
    if any(whole.endswith(hint) for _, whole in report.failed):
        click.echo(hint, err=True)
    if any(one.quarantined for one in report.staged):
        click.echo(
            "Quarantined records are listed by: workbench sql "  # noqa: S608 - text for a person
            '"SELECT reason, count(*) FROM quarantine GROUP BY reason"' + _in(folder)
        )
    if dry_run:
        click.echo("Dry run: nothing was committed.")


@click.command()
@workspace_option
@json_option
def status(folder: Path, as_json: bool) -> None:
    """Say what the workspace holds, what it cost and what is not priced."""
    from workbench.workspace import Workspace

    facts = Workspace(folder).status()
    if as_json:
        print_json(facts)
    else:
        print_rows(["", ""], [[name.replace("_", " "), _shown(v)] for name, v in facts.items()])


def _shown(value: object) -> str:
    if value is None or isinstance(value, bool):
        return {None: "none", True: "yes", False: "no"}[value]
    return f"{value:,}" if isinstance(value, int) else str(value)


def _in(folder: Path) -> str:
    """Return the option that names the workspace, as a shell takes it; nothing for this folder."""
    return "" if folder == Path() else f" --workspace {shlex.quote(str(folder))}"


@click.command()
@click.argument("pack", required=False, type=click.Path(path_type=Path, exists=True))
@workspace_option
def verify(pack: Path | None, folder: Path) -> None:
    """Check every file's hash and that all totals agree; or verify an audit PACK (zip)."""
    if pack is not None:
        _verify_pack(pack)
        return
    from workbench.workspace import Workspace

    found = Workspace(folder).verify()
    for line in found:
        click.echo(line, err=True)
    if found:
        raise click.exceptions.Exit(1)
    click.echo("Verified: every file is as it was committed, and every total agrees.")


def _verify_pack(pack: Path) -> None:
    from workbench.answers.audit import certified_by
    from workbench.playbook.audit import verify_audit

    verdict = verify_audit(pack)
    if not verdict.whole:
        raise InputError(f"{pack} was changed: {verdict.where}.")
    click.echo(f"Verified: {pack} is as it was written; its last hash is {verdict.head_sha256}.")
    signed_by = certified_by(pack, head_sha256=verdict.head_sha256)
    if signed_by:
        click.echo(f"Signed by the key {signed_by}: compare it with the one you were given.")
    else:
        click.echo("No certificate lies beside it: compare the hash with the one you were given.")


@click.command()
@workspace_option
def rebuild(folder: Path) -> None:
    """Make the derived DuckDB file again from the segments."""
    from workbench.workspace import Workspace

    Workspace(folder).rebuild()
    click.echo("Rebuilt.")


@click.command()
@workspace_option
def compact(folder: Path) -> None:
    """Give the free space inside the derived DuckDB file back to the disk."""
    from workbench.store.compaction import compact as rewrite
    from workbench.workspace import Workspace

    before, after = rewrite(Workspace(folder).layout)
    click.echo(
        f"{before / 1e6:,.1f} MB before, {after / 1e6:,.1f} MB after. Segments are as they were."
    )


@click.command()
@click.argument("query")
@click.option("--format", "how", type=click.Choice(["table", "csv", "json"]), default="table")
@workspace_option
def sql(query: str, how: str, folder: Path) -> None:
    """Run one read-only QUERY over the views usage, priced_usage, daily_cost and others."""
    from workbench.workspace import Workspace

    if not query.strip():
        raise InputError("The query is empty. Try: SELECT * FROM daily_cost LIMIT 10")
    print_table(Workspace(folder).sql(query), how=how)
