"""Commands finance signs with: envelope, variance, versions of assumptions, close, workbook."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from workbench.cli.analysis import model
from workbench.cli.app import json_option, print_json, print_rows, workspace_option
from workbench.cli.playbook import as_of_option, opened
from workbench.errors import InputError

if TYPE_CHECKING:
    from workbench.playbook.assumptions.register import Register

FILE = click.Path(path_type=Path)
as_option = click.option("--as", "by", default="", help="Your name: recorded, not authenticated.")


class Month(click.ParamType):
    """A month written as YYYY-MM."""

    name = "YYYY-MM"

    def convert(self, value: Any, param: Any, ctx: Any) -> str:  # noqa: ANN401 - click's own
        """Return the month as it was written, or refuse it."""
        try:
            return datetime.strptime(value, "%Y-%m").strftime("%Y-%m")  # noqa: DTZ007 - a name
        except ValueError:
            self.fail(f"{value!r} is no month; write it as 2026-10.", param, ctx)


def register(group: click.Group) -> None:
    """Add the commands of this file."""
    for command in (envelope, variance, allocation):
        model.add_command(command)
    for command in (close, closes, assumptions):
        group.add_command(command)
    export = group.commands.get("export")
    if not isinstance(export, click.Group):
        export = click.Group("export", help="Write what the workbench knows as a file.")
        group.add_command(export)
    export.add_command(excel)


@click.command()
@click.option("--inputs", type=FILE, help="A register of assumptions; the workspace's without it.")
@click.option("--register", "name", help="Which register of the workspace.")
@click.option("--scenario", "scenarios", multiple=True, help="Scenario to lay over it; repeatable.")
@click.option(
    "--backtest", "series", type=FILE,
    help="Score the forecast of a total instead: CSV with the columns ts and value.",
)  # fmt: skip
@click.option("--out", type=FILE, help="CSV the backtest writes.")
@click.option(
    "--horizon-days", type=click.IntRange(min=1), default=None,
    help="Days ahead of the backtest; 28, and less for a short series.",
)  # fmt: skip
@as_of_option
@workspace_option
@json_option
def envelope(series: Path | None, out: Path | None, horizon_days: int | None, **asked: Any) -> None:  # noqa: ANN401 - click's own
    """Draw what it may cost by month and year, and how likely the budget breaks."""
    if series is None:
        _envelope(**asked)
    elif out is None:
        raise click.UsageError("--backtest needs --out, the CSV to write.")
    else:
        _backtest(series, out, horizon_days)


@click.command()
@click.option("--inputs", type=FILE, help="JSON with `base`, `actual` and optionally `successors`.")
@click.option("--month", type=Month(), help="YYYY-MM; the newest month without it.")
@click.option(
    "--against", type=Month(), help="YYYY-MM to compare with; the month before without it."
)
@click.option(
    "--rows", "leg", type=click.Choice(["volume", "mix", "price", "new", "discontinued"]),
    help="List the log rows behind this bar of the bridge instead.",
)  # fmt: skip
@click.option("--line", help="With --rows: only this line, as the page writes it.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=50, show_default=True)
@as_of_option
@workspace_option
@json_option
def variance(
    inputs: Path | None, month: str | None, against: str | None, leg: str | None,
    as_of: datetime | None, folder: Path, as_json: bool, **listed: Any,  # noqa: ANN401 - click's own
) -> None:  # fmt: skip
    """Split a change of cost into volume, mix, price, new and discontinued; they add up."""
    if leg is not None:
        asked = {"month": month, "against": against, **listed}
        _rows_behind(leg, folder, as_of, as_json, **asked)
        return
    if inputs is not None:
        from workbench.models.variance.headless import variance_report

        found = variance_report(_mapping(inputs))
    else:
        from workbench.answers.variance import report

        with opened(folder, as_of=as_of) as source:
            found = report(source, month=month, against=against)
    if as_json:
        print_json(found)
        return
    legs = ("base_usd", "volume", "mix", "price", "new", "discontinued", "actual_usd")
    print_rows(["USD", ""], [[name, f"{found[name]:,.2f}"] for name in legs])


def _rows_behind(
    leg: str, folder: Path, as_of: datetime | None, as_json: bool, **asked: Any,  # noqa: ANN401
) -> None:  # fmt: skip
    from workbench.answers.variance import rows_behind

    with opened(folder, as_of=as_of) as source:
        found = rows_behind(source, leg, **asked)
    if as_json:
        print_json(found)
        return
    columns = (
        "started_at",
        "model",
        "feature",
        "request_id",
        "contract_cost_usd",
        "path",
        "source_row",
    )
    print_rows(columns, [[str(row[name]) for name in columns] for row in found["rows"]])
    click.echo(
        f"{found['leg']} {found['usd']:+,.2f} USD from {found['against']} to {found['month']} rests on "
        f"{len(found['lines'])} lines and {found['rows_in_all']:,} log rows of both months"
        + (
            f"; the dearest {len(found['rows']):,} are listed."
            if found["rows_in_all"] > len(found["rows"])
            else "."
        )
    )


@click.command()
@click.option("--inputs", type=FILE, help="JSON or YAML with `costs` and `rules`.")
@click.option("--month", type=Month(), help="YYYY-MM of the workspace, by its own rules.")
@workspace_option
@json_option
def allocation(inputs: Path | None, month: str | None, folder: Path, as_json: bool) -> None:
    """Place costs by ordered rules; the shares add up to the cent."""
    from workbench.answers.allocation import allocation_report, month_report

    if (inputs is None) == (month is None):
        raise click.UsageError("give either --inputs FILE or --month YYYY-MM.")
    if inputs is not None:
        found = allocation_report(_mapping(inputs))
    else:
        with opened(folder) as source:
            found = month_report(source, str(month))
    if as_json:
        print_json(found)
    else:
        print_rows(["payer", "USD"], [[payer, usd] for payer, usd in found["by_payer"].items()])


@click.command()
@click.argument("period", metavar="YYYY-MM", type=Month())
@as_option
@click.option(
    "--accept", "accepted", multiple=True, metavar="MODEL",
    help="Accept this model's unpriced requests; repeatable, needs --as.",
)  # fmt: skip
@click.option("--invoice", "invoice_usd", type=float, help="USD of the provider's invoices.")
@click.option("--tolerance", type=click.FloatRange(0, 1), default=0.01, show_default=True)
@click.option(
    "--true-up", "true_ups", type=(Month(), float), multiple=True, metavar="YYYY-MM USD",
    help="Invoice of an earlier month that was closed on an accrual; repeatable.",
)  # fmt: skip
@workspace_option
@json_option
def close(
    period: str, by: str, accepted: tuple[str, ...], invoice_usd: float | None, tolerance: float,
    true_ups: tuple[tuple[str, float], ...], folder: Path, as_json: bool,
) -> None:  # fmt: skip
    """Close a month for good when all its checks pass."""
    from workbench.answers.closes import CloseInputs, close_month

    inputs = CloseInputs(
        period=period, by=by, accepted_models=accepted, invoice_usd=invoice_usd,
        tolerance=tolerance, earlier_invoices_usd=dict(true_ups),
    )  # fmt: skip
    with opened(folder) as source:
        report, path = close_month(source, inputs, now=datetime.now(tz=UTC))
    checks = [{"name": one.name, "verdict": one.verdict, "why": one.why} for one in report.checks]
    if as_json:
        print_json({"period": period, "closed": path is not None, "checks": checks})
    else:
        print_rows(["check", "verdict", "why"], [list(one.values()) for one in checks])
        click.echo(f"{period} closed: {path}." if path else f"{period} stays open.")
    if path is None:
        raise click.exceptions.Exit(1)


@click.command()
@workspace_option
@json_option
def closes(folder: Path, as_json: bool) -> None:
    """List closed months as they were closed, and what arrived after."""
    from workbench.answers.closes import adjustments, close_records

    with opened(folder) as source:
        records = close_records(source.workspace.layout.root)
        later = adjustments(source)
    if as_json:
        print_json({"closed": records, "adjustments": later})
        return
    columns = ("period", "closed_at", "closed_by")
    print_rows(
        [*columns, "contract cost USD"],
        [[*(one[name] for name in columns), one["totals"]["contract_cost_usd"]] for one in records],
    )
    for one in later:
        click.echo(
            f"{one['period']}: prior-period adjustment {one['usd']:+,.2f} USD, of it "
            f"{one['late_usd']:+,.2f} from {one['late_requests']:,} late rows and "
            f"{one['other_usd']:+,.2f} by prices known since; {_where_booked(one)}. The closed figure stays."
        )


def _where_booked(one: dict[str, Any]) -> str:
    booked = [f"{usd:,.2f} USD booked in {month}" for month, usd in one["booked"].items()]
    return ", ".join([*booked, f"{float(one['open_usd']):,.2f} USD for the next close"])


@click.group()
def assumptions() -> None:
    """Sign versions of a register: draft, submit, approve (somebody else), lock."""


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


@click.command()
@click.option("--out", type=FILE, required=True, help="Workbook to write.")
@click.option("--register", "name", help="Which register of the workspace.")
@click.option("--invoice", "invoice_usd", type=float, help="USD invoiced for the newest month.")
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


def _envelope(
    *, inputs: Path | None, name: str | None, scenarios: tuple[str, ...], as_of: datetime | None,
    folder: Path, as_json: bool,
) -> None:  # fmt: skip
    from workbench.answers import envelope as answers
    from workbench.playbook.assumptions.report import envelope_report
    from workbench.playbook.assumptions.scenarios import read_register, with_scenarios

    if inputs is not None:
        read = read_register(inputs)
        chosen = answers.scenarios_of(folder.resolve(), read, scenarios) if scenarios else []
        found = envelope_report(with_scenarios(read, chosen)).as_dict()
    else:
        read = answers.chosen_register(folder.resolve(), name)
        chosen = answers.scenarios_of(folder.resolve(), read, scenarios) if scenarios else []
        with opened(folder, as_of=as_of) as source:
            found = answers.envelope(source, read, chosen).as_dict()
    if as_json:
        print_json(found)
    else:
        _print_envelope(read, found)


def _print_envelope(read: "Register", found: dict[str, Any]) -> None:
    rows = [
        [month, *(f"{spread[name]:,.0f}" for name in ("p10", "p50", "p90")), f"{budget:,.0f}", f"{p:.0%}"]
        for month, spread, budget, p in zip(
            found["months"], found["by_month"], found["budget_usd"],
            found["risk"]["p_breach_by_month"], strict=True,
        )
    ]  # fmt: skip
    print_rows(["month", "P10", "P50", "P90", "budget", "P(breach)"], rows)
    total, risk = found["total"], found["risk"]
    click.echo(
        f"{read.name}: {total['p10']:,.0f} to {total['p90']:,.0f} USD, P50 {total['p50']:,.0f}; "
        f"the budget breaks with {risk['p_breach']:.0%}, likely from "
        f"{risk['first_likely_breach'] or 'no month'}."
    )


def _backtest(series: Path, out: Path, horizon_days: int | None) -> None:
    from workbench.exports.backtest import backtest_csv

    windows = backtest_csv(series, out, horizon_days)
    calibrated = [one for one in windows if one.interval.calibrated]
    held = sum(one.interval.p10 <= one.actual <= one.interval.p90 for one in calibrated)
    click.echo(
        f"{len(windows)} windows written to {out}; the 80 % interval held {held} of "
        f"{len(calibrated)} calibrated ones."
    )


def _mapping(path: Path) -> dict[str, Any]:
    import yaml

    try:
        text = path.read_text(encoding="utf-8")
        content = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise InputError(f"{path}: not readable: {str(error)[:200]}") from error
    if not isinstance(content, dict):
        raise InputError(f"{path}: expected an object with named parts.")
    return content
