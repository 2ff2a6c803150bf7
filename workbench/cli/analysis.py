"""Commands that answer a question headless."""

from pathlib import Path

import click

from workbench.cli.app import print_rows


def register(group: click.Group) -> None:
    """Add the commands of this file."""
    group.add_command(model)


@click.group()
def model() -> None:
    """Run one model headless: `workbench model NAME --help`."""


@model.command()
@click.option(
    "--backtest", "series", required=True, type=click.Path(path_type=Path),
    help="Series to roll over: CSV with the columns ts and value, hourly or daily.",
)  # fmt: skip
@click.option("--out", required=True, type=click.Path(path_type=Path), help="CSV to write.")
@click.option(
    "--horizon-days", type=click.IntRange(min=1), default=None,
    help="Days ahead; 28, and less for a short series.",
)  # fmt: skip
def envelope(series: Path, out: Path, horizon_days: int | None) -> None:
    """Score the forecast of a total against what happened, window by window."""
    from workbench.exports.backtest import backtest_csv

    windows = backtest_csv(series, out, horizon_days)
    calibrated = [one for one in windows if one.interval.calibrated]
    held = sum(one.interval.p10 <= one.actual <= one.interval.p90 for one in calibrated)
    click.echo(
        f"{len(windows)} windows written to {out}; the 80 % interval held {held} of "
        f"{len(calibrated)} calibrated ones."
    )


@model.command()
@click.option(
    "--predict", "points", required=True, type=click.Path(path_type=Path),
    help="CSV of serving points, .gz or plain.",
)  # fmt: skip
@click.option("--out", required=True, type=click.Path(path_type=Path), help="CSV to write.")
def hosting(points: Path, out: Path) -> None:
    """Predict throughput, TPOT and TTFT of serving points, each with its band."""
    from workbench.exports.hosting_predict import predict_csv

    counted = predict_csv(points, out)
    print_rows(["", "rows"], [[name, f"{count:,}"] for name, count in counted.items()])
