"""Commands of the envelope: draw what it may cost, or score the forecast on a series."""

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from workbench.cli.analysis import model
from workbench.cli.app import FILE, json_option, print_json, print_rows, workspace_option
from workbench.cli.playbook import as_of_option, opened

METHODS = ("own", "auto-ets", "auto-theta", "mstl")

if TYPE_CHECKING:
    from workbench.playbook.assumptions.register import Register


def register(group: click.Group) -> None:
    """Add the commands of this file."""
    model.add_command(envelope)


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
@click.option(
    "--method", "methods", type=click.Choice(METHODS), multiple=True,
    help="Forecast to score with --backtest; repeatable to compare. All but own need the extra "
    "`forecast` (statsforecast).",
)  # fmt: skip
@as_of_option
@workspace_option
@json_option
def envelope(
    series: Path | None, out: Path | None, horizon_days: int | None, methods: tuple[str, ...],
    **asked: Any,  # noqa: ANN401 - click's own
) -> None:  # fmt: skip
    """Draw what it may cost by month and year, and how likely the budget breaks."""
    if series is None and methods:
        raise click.UsageError("--method says how to score a series: it needs --backtest.")
    if series is None:
        _envelope(**asked)
    elif out is None:
        raise click.UsageError("--backtest needs --out, the CSV to write.")
    elif methods:
        _compare(series, out, horizon_days, methods)
    else:
        _backtest(series, out, horizon_days)


def _envelope(
    *, inputs: Path | None, name: str | None, scenarios: tuple[str, ...], as_of: datetime | None,
    folder: Path, as_json: bool,
) -> None:  # fmt: skip
    from workbench.answers import envelope as answers
    from workbench.answers.missing_days import newest_estimates
    from workbench.answers.vintages import scored
    from workbench.playbook.assumptions.report import envelope_report
    from workbench.playbook.assumptions.scenarios import read_register, with_scenarios

    if inputs is not None:
        read = read_register(inputs)
        chosen = answers.scenarios_of(folder.resolve(), read, scenarios) if scenarios else []
        found = envelope_report(with_scenarios(read, chosen)).as_dict() | {"score": None}
    else:
        read = answers.chosen_register(folder.resolve(), name)
        chosen = answers.scenarios_of(folder.resolve(), read, scenarios) if scenarios else []
        with opened(folder, as_of=as_of) as source:
            found = answers.envelope(source, read, chosen).as_dict()
            score = scored(answers.record(source, read.as_dict()))
            found["score"] = None if score is None else asdict(score)
            found["missing_days"] = newest_estimates(source)
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
    click.echo(_error_of(found["score"]))
    for one in found.get("missing_days", ()):
        click.echo(f"{one['month']}, estimated and in no metered figure: {one['said']}.")


def _error_of(score: dict[str, Any] | None) -> str:
    """Say how such envelopes have held so far; none is shown without that."""
    if score is None:
        return (
            "Uncalibrated: no locked envelope of this register has been scored yet, so how often its "
            "P10 to P90 holds is not known."
        )
    return (
        f"Locked envelopes of this register held {score['held']} of the last {score['scored']} months; "
        "P10 to P90 promises 8 of 10."
    )


def _compare(series: Path, out: Path, horizon_days: int | None, methods: tuple[str, ...]) -> None:
    from workbench.exports.backtest_methods import backtest_methods

    scores = backtest_methods(series, out, methods, horizon_days)
    print_rows(
        ["method", "windows", "held", "width", "pinball"],
        [[one.method, str(one.windows), f"{one.held:.3f}", f"{one.width:.4f}", f"{one.pinball:.5f}"]
         for one in scores],
    )  # fmt: skip
    click.echo(
        f"Written to {out}. Width (median) and pinball loss over the mean total; lower is better; the 80 % "
        "interval should hold 0.8. Choosing by this table looks at the scores it is chosen by."
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
