"""Commands that write what the workbench knows as a file for others."""

from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import click

from workbench.cli.app import (
    FILE,
    Amount,
    Month,
    as_option,
    export_group,
    json_option,
    print_json,
    workspace_option,
)
from workbench.cli.playbook import as_of_option, opened
from workbench.errors import InputError


def register(group: click.Group) -> None:
    """Add the commands of this file to `export`, which other files add to as well."""
    export = export_group(group)
    for command in (excel, html, audit, focus, metrics, lineage):
        export.add_command(command)


@click.command()
@click.option("--out", type=FILE, required=True, help="Workbook to write.")
@click.option("--register", "name", help="Which register of the workspace.")
@click.option("--invoice", "invoice_usd", type=Amount(), help="USD invoiced for the newest month.")
@as_option
@workspace_option
def excel(out: Path, name: str | None, invoice_usd: float | None, by: str, folder: Path) -> None:
    """Write the envelope and the variance as a workbook with live formulas."""
    from workbench.answers.workbook import workbook_content
    from workbench.exports.excel import export_workbook

    with opened(folder) as source:
        content = workbook_content(source, register_name=name, by=by, invoice_usd=invoice_usd)
    export_workbook(out, content=content)
    click.echo(f"Written {out} ({out.stat().st_size / 1e3:,.0f} kB).")


@click.command()
@click.argument("page", metavar="PAGE")
@click.option("--out", required=True, type=FILE, help="HTML file to write.")
@click.option(
    "--set", "given", multiple=True, metavar="NAME=VALUE",
    help="An input of the page as its address writes it, e.g. feature=support-chat; repeatable.",
)  # fmt: skip
@workspace_option
@json_option
def html(page: str, out: Path, given: tuple[str, ...], folder: Path, as_json: bool) -> None:
    """Write a PAGE of the dashboards as one read-only file that opens without a server or network."""
    from workbench.answers.page_file import export_page
    from workbench.serve import TITLES, installed

    if page not in TITLES:
        raise InputError(f"No page {page!r}; there are {', '.join(TITLES)}.")
    inputs = dict(one.split("=", 1) for one in given if "=" in one)
    if len(inputs) < len(given):
        raise click.UsageError("--set takes NAME=VALUE, each name once.")
    done = export_page(
        folder, page, out, title=TITLES[page], notebook=installed("notebooks") / f"{page}.ipynb",
        inputs=inputs, now=datetime.now(tz=UTC),
    )  # fmt: skip
    if as_json:
        print_json(done)
    else:
        click.echo(
            f"{TITLES[page]} as of {done['as_of']} written to {out} ({done['bytes'] / 1e6:,.1f} MB)."
        )


@click.command()
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Zip file to write.")
@click.option("--as", "by", default="", help="Your name: recorded, not authenticated.")
@as_of_option
@workspace_option
def audit(out: Path, by: str, as_of: datetime | None, folder: Path) -> None:
    """Write every check with its evidence as one signed pack, and its page as PDF."""
    from workbench.answers.audit import export

    if out.suffix != ".zip":
        raise InputError(f"{out}: an audit pack is a .zip file.")
    with opened(folder, as_of=as_of) as source:
        done = export(source, out, by=by, now=datetime.now(tz=UTC))
    click.echo(f"Audit pack {done.pack}; its last hash is {done.head_sha256}.")
    click.echo(f"Signed in {done.certificate} by the key {done.fingerprint}: note it elsewhere.")
    click.echo(f"PDF {done.pdf}." if done.pdf else f"No PDF: {done.no_pdf}.")
    click.echo(f"Check it anywhere: workbench verify {done.pack}")


@click.command()
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Text file to write.")
@click.option("--days", type=click.IntRange(min=1), default=1, show_default=True, help="Days back.")
@as_of_option
@workspace_option
def metrics(out: Path, days: int, as_of: datetime | None, folder: Path) -> None:
    """Write requests, errors, cost and latency as Prometheus text."""
    from workbench.answers.readiness import evidence_of
    from workbench.playbook.metrics import prometheus_text

    with opened(folder, as_of=as_of) as source:
        text = prometheus_text(evidence_of(source), days=days)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text, encoding="utf-8")
    samples = sum(not line.startswith("#") for line in text.splitlines())
    click.echo(f"{samples:,} samples of {days} days written to {out}.")


@click.command()
@click.option("--out", required=True, type=click.Path(path_type=Path), help="CSV file to write.")
@click.option(
    "--month", "months", type=Month(), multiple=True, metavar="YYYY-MM",
    help="Only this month; repeatable, all without it.",
)  # fmt: skip
@click.option(
    "--focus-version", type=click.Choice(["1.2", "1.3", "1.4"]), default="1.3", show_default=True,
    help="1.4 has no ProviderName and PublisherName any more; 1.2 has no ServiceProviderName yet.",
)  # fmt: skip
@workspace_option
@json_option
def focus(
    out: Path, months: tuple[str, ...], focus_version: str, folder: Path, as_json: bool
) -> None:
    """Write priced usage as FOCUS Cost and Usage, a row a day, model, feature and meter."""
    from workbench.answers.focus import export

    with opened(folder) as source:
        done = export(source, out, months=months, version=focus_version)
    if as_json:
        print_json(done)
        return
    click.echo(
        f"{done['rows']:,} FOCUS {done['version']} rows of {', '.join(done['months'])} written to {out}: "
        f"{done['contract_cost_usd']} USD at contract prices, not invoiced."
    )
    if done["corrections"]:
        click.echo(
            f"Of them {done['corrections']:,} corrections of closed months, {done['corrections_usd']} USD."
        )
    if done["unpriced_file"]:
        click.echo(
            f"{done['unpriced_rows']:,} rows have no price and are not in it: {done['unpriced_file']}."
        )


LINEAGE_SQL = """
SELECT request_id, feature, provider, model, prompt_id, prompt_version, started_at, tags FROM usage
WHERE environment = 'production' AND NOT is_aggregate AND request_id IS NOT NULL
  AND started_at >= $since AND started_at < $until
ORDER BY started_at, request_id
"""


@click.command()
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="File to write, one event a line."
)
@click.option("--namespace", default="workbench", show_default=True, help="Of jobs and datasets.")
@click.option("--days", type=click.IntRange(min=1), default=1, show_default=True, help="Days back.")
@as_of_option
@workspace_option
def lineage(out: Path, namespace: str, days: int, as_of: datetime | None, folder: Path) -> None:
    """Write production requests as OpenLineage run events: prompt, documents, model in, answer out."""
    from workbench.answers.readiness import evidence_of
    from workbench.playbook.lineage import lineage_events

    with opened(folder, as_of=as_of) as source:
        evidence = evidence_of(source)
        until = datetime.combine(evidence.as_of + timedelta(days=1), time.min)
        rows = evidence.rows(LINEAGE_SQL, {"since": until - timedelta(days=days), "until": until})
    out.parent.mkdir(parents=True, exist_ok=True)
    count = 0
    with out.open("w", encoding="utf-8") as file:
        for event in lineage_events(rows, namespace=namespace):
            file.write(f"{event}\n")
            count += 1
    click.echo(f"{count:,} events of {days} days written to {out}.")
