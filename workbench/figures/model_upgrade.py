"""How an upgrade is drawn: each measure's difference with its bound, cost, and the cut-over."""

from typing import Any

from workbench.figures import bars, charts, theme
from workbench.figures.caption import Caption, chart
from workbench.figures.cards import Chart
from workbench.models.model_upgrade import CutOverStep, NonInferiority, UpgradeComparison

ROW_PIXELS = 34
COLUMNS = ("Measure", "Old", "New", "Difference", "Lower bound", "Pairs", "Needed", "Verdict")


def differences(caption: Caption, *, comparison: UpgradeComparison) -> Chart:
    """Draw new minus old for success and safety, down to the lower bound, against the margin."""
    tests = {"success": comparison.quality, **comparison.safety}
    names = list(tests)
    layout = theme.layout(height_px=60 + ROW_PIXELS * len(names), left_px=130, right_px=130)
    layout["xaxis"] |= {"tickformat": "+.0%", "zeroline": True, "zerolinecolor": theme.LINE}
    layout["yaxis"] |= {"autorange": "reversed", "showgrid": False, "type": "category"}
    margin = comparison.quality.margin
    layout["shapes"] = [
        {
            "type": "line", "x0": -margin, "x1": -margin, "y0": 0, "y1": 1, "yref": "paper",
            "line": {"color": theme.BAD, "width": 1, "dash": "dot"},
        }
    ]  # fmt: skip
    layout["annotations"] = [
        theme.note(test.verdict, x=1.01, y=name, xref="paper", xanchor="left", color=_ink(test))
        for name, test in tests.items()
    ]
    rows = [_row(name, test) for name, test in tests.items()]
    summary = "; ".join(
        f"{name} {theme.percent(test.difference, digits=1)}, lower bound "
        f"{theme.percent(test.lower_bound, digits=1)}, {test.verdict}"
        for name, test in tests.items()
    )
    return chart(
        caption, figure={"data": [_points(tests)], "layout": layout}, summary=f"{summary}.",
        columns=COLUMNS, rows=rows,
    )  # fmt: skip


def cost_per_success(caption: Caption, *, comparison: UpgradeComparison) -> Chart:
    """Draw what a successful case costs with the old and with the new model."""
    return bars.bars(
        caption, names=["old", "new"],
        values=[comparison.old.usd_per_success, comparison.new.usd_per_success],
    )  # fmt: skip


def cut_over(caption: Caption, *, steps: tuple[CutOverStep, ...]) -> Chart:
    """Draw the share of traffic on the new model over the days of the plan."""
    days, shares, elapsed = [], [], 0.0
    for step in steps:
        days += [elapsed, elapsed + step.hold_hours / 24]
        shares += [step.share, step.share]
        elapsed += step.hold_hours / 24
    return charts.lines(caption, x=days, series=[charts.Series(name="new model", y=shares)])


def _points(tests: dict[str, NonInferiority]) -> dict[str, Any]:
    return {
        "type": "scatter", "mode": "markers", "y": list(tests),
        "x": [test.difference for test in tests.values()],
        "marker": {"size": 9, "color": [_ink(test) for test in tests.values()]},
        "error_x": {
            "type": "data", "symmetric": False, "color": theme.INK_3, "thickness": 1.4, "width": 5,
            "array": [0.0 for _ in tests],
            "arrayminus": [max(0.0, t.difference - t.lower_bound) for t in tests.values()],
        },
        "hovertemplate": "%{y} %{x:+.1%}<extra></extra>",
    }  # fmt: skip


def _ink(test: NonInferiority) -> str:
    inks = {"non-inferior": theme.GOOD, "inferior": theme.BAD}
    return inks.get(test.verdict, theme.INK_3)


def _row(name: str, test: NonInferiority) -> list[str]:
    return [
        name, theme.percent(test.old_rate, digits=1), theme.percent(test.new_rate, digits=1),
        theme.percent(test.difference, digits=1), theme.percent(test.lower_bound, digits=1),
        theme.count(test.pairs), theme.count(test.pairs_needed), test.verdict,
    ]  # fmt: skip
