"""How an upgrade is drawn: each measure's difference with its bound, cost, and the cut-over."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from workbench.figures import bars, charts, theme
from workbench.figures.caption import Caption, chart
from workbench.figures.cards import Cell, Chart, Table, Tile, Tone
from workbench.models.model_upgrade import (
    SCHEMA_VALID_FLOOR,
    CutOverStep,
    NonInferiority,
    UpgradeComparison,
)

NO_PLAN = "No plan: the verdict is not to cut over, or there is no traffic."
_LONGEST_PLAN_DAYS = 365
"""A plan that waits longer for its requests is none: models in use live one to three years."""
ROW_PIXELS = 34
COLUMNS = ("Measure", "Old", "New", "Difference", "Lower bound", "Pairs", "Needed", "Verdict")


def differences(caption: Caption, *, comparison: UpgradeComparison) -> Chart:
    """Draw new minus old for success and safety, down to the lower bound, against the margin."""
    tests = {"success": comparison.quality, **comparison.safety}
    names = list(tests)
    layout = theme.layout(height_px=60 + ROW_PIXELS * len(names), left_px=130, right_px=130)
    layout["xaxis"] |= {
        "tickformat": ",.2~f",
        "nticks": 6,
        "zeroline": True,
        "zerolinecolor": theme.LINE,
    }
    layout["yaxis"] |= {"autorange": "reversed", "showgrid": False, "type": "category"}
    margin = 100 * comparison.quality.margin
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
    days: list[float] = []
    shares: list[float] = []
    elapsed = 0.0
    for step in steps:
        days += [elapsed, elapsed + step.hold_hours / 24]
        shares += [100 * step.share, 100 * step.share]
        elapsed += step.hold_hours / 24
    drawn = charts.lines(
        caption, x=days, series=[charts.Series(name="new model", y=shares, label="new")]
    )
    return drawn if steps else replace(drawn, empty=NO_PLAN)


def _points(tests: dict[str, NonInferiority]) -> dict[str, Any]:
    return {
        "type": "scatter", "mode": "markers", "y": list(tests),
        "x": [100 * test.difference for test in tests.values()],
        "marker": {"size": 9, "color": [_ink(test) for test in tests.values()]},
        "error_x": {
            "type": "data", "symmetric": False, "color": theme.INK_3, "thickness": 1.4, "width": 5,
            "array": [0.0 for _ in tests],
            "arrayminus": [100 * max(0.0, t.difference - t.lower_bound) for t in tests.values()],
        },
        "hovertemplate": "%{y} %{x:+.1f} points<extra></extra>",
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


VERDICTS: dict[str, tuple[str, Tone]] = {
    "cut over": ("✓ cut over", "good"), "do not cut over": ("✗ do not cut over", "bad"),
    "not shown": ("? not shown", "neutral"),
}  # fmt: skip
TESTS: dict[str, tuple[str, Tone]] = {
    "non-inferior": ("✓ non-inferior", "good"), "inferior": ("✗ inferior", "bad"),
    "not shown": ("? not shown", "neutral"),
}  # fmt: skip


def answer(found: UpgradeComparison, *, old: str, new: str) -> str:
    """Say whether to cut over, on what evidence, at what cost."""
    said = {
        "cut over": f"{new} may replace {old}",
        "do not cut over": f"{new} must not replace {old} yet",
        "not shown": f"That {new} may replace {old} is not shown yet",
    }[found.verdict]
    rate = f"{theme.percent(found.quality.new_rate, digits=1)} against "
    cost = ""
    if found.cost_change is not None:
        more = "dearer" if found.cost_change > 0 else "cheaper"
        cost = f", {theme.percent(abs(found.cost_change))} {more} per success"
    return (
        f"{said}: {rate}{theme.percent(found.quality.old_rate, digits=1)} succeed on "
        f"{found.quality.pairs:,} cases{cost}."
    )


def tiles(found: UpgradeComparison, *, evaluated: str) -> tuple[Tile, ...]:
    """Return verdict, quality, pairs, cost, format and latency, each with its limit."""
    quality = found.quality
    enough = quality.pairs >= quality.pairs_needed
    word, tone = VERDICTS[found.verdict]
    named, quality_tone = TESTS[quality.verdict]
    valid = found.new_schema_valid
    kept = valid is not None and valid >= SCHEMA_VALID_FLOOR
    return (
        Tile(label="Verdict", value={"good": "Yes", "bad": "No"}.get(tone, "Open"), delta=word, tone=tone,
             foot=evaluated),
        Tile(
            label="Success, new minus old", value=points(quality.difference), unit="points",
            delta=named, tone=quality_tone,
            foot=f"lower bound {points(quality.lower_bound)}, margin {points(-quality.margin)}",
        ),
        Tile(
            label="Pairs of cases", value=f"{quality.pairs:,}", tone="good" if enough else "bad",
            delta=f"{'✓' if enough else '✗'} {quality.pairs_needed:,} needed",
            foot=f"{found.unmatched_cases:,} answered by one only",
        ),
        Tile(
            label="Cost per success", value=points(found.cost_change), unit="%",
            delta=f"{theme.money(found.old.usd_per_success)} to {theme.money(found.new.usd_per_success)}",
            foot="limit +5 % unless approved",
        ),
        Tile(
            label="Format kept", value=theme.percent(valid, digits=2).removesuffix(" %"),
            unit="%" if valid is not None else "", tone="good" if kept else "neutral" if valid is None else "bad",
            delta="not measured" if valid is None else f"{'✓' if kept else '✗'} at least 99.5 %",
        ),
        Tile(
            label="Latency p95", value=_seconds(found.new.p95_latency_ms), unit="s",
            delta=f"was {_seconds(found.old.p95_latency_ms)} s",
        ),
    )  # fmt: skip


def points(share: float | None) -> str:
    """Write a difference of shares as signed percentage points.

    Examples
    --------
    >>> points(-0.013), points(None)
    ('−1.3', 'n/a')
    """
    if share is None:
        return theme.NOT_KNOWN
    return f"{100 * share:+.1f}".replace("-", theme.MINUS)


def difference_title(found: UpgradeComparison) -> str:
    """Say which measures are shown not to be worse."""
    tests = {"success": found.quality, **found.safety}
    shown = [name for name, test in tests.items() if test.verdict == "non-inferior"]
    if len(shown) == len(tests):
        return f"All {len(tests)} measures are no worse than the margin allows"
    open_ones = [name for name in tests if name not in shown]
    return f"Not shown to be as good: {', '.join(open_ones)}"


def cost_title(found: UpgradeComparison) -> str:
    """Say how the cost of a success changes."""
    if found.cost_change is None:
        return "Cost per success was not measured on both"
    way = "rises" if found.cost_change > 0 else "falls"
    return f"Cost per success {way} {theme.percent(abs(found.cost_change), digits=1)}"


def plan_title(steps: tuple[CutOverStep, ...]) -> str:
    """Say how long the cut-over takes; there is none without the verdict."""
    if not steps:
        return "No cut-over plan without a verdict to cut over and traffic"
    days = sum(step.hold_hours for step in steps) / 24
    if days > _LONGEST_PLAN_DAYS:
        return f"Too little traffic to prove each step: {len(steps)} of them would take {days / 365:,.1f} years"
    return f"Cut over in {len(steps)} steps and {days:,.0f} days"


def plan_table(steps: tuple[CutOverStep, ...]) -> Table:
    """List the steps: share, hold, requests before the next."""
    rows = tuple(
        (f"{number}", theme.percent(step.share), f"{step.hold_hours / 24:,.1f}",
         f"{step.requests_needed:,}")
        for number, step in enumerate(steps, start=1)
    )  # fmt: skip
    return Table(
        title="Cut-over plan", subtitle="Requests on the new model before the next step",
        columns=("Step", "Traffic", "Days", "Requests needed"), rows=rows,
        empty=NO_PLAN,
    )  # fmt: skip


def efficiency_table(found: UpgradeComparison, *, old: str, new: str) -> Table:
    """Compare what both models spent on the same cases."""
    sides = (found.old, found.new)
    readings = (
        ("Successes", [f"{side.successes:,}" for side in sides]),
        ("Cost per success", [theme.money(side.usd_per_success) for side in sides]),
        ("Input tokens per case", [theme.count(side.input_tokens) for side in sides]),
        ("Output tokens per case", [theme.count(side.output_tokens) for side in sides]),
        ("Thinking tokens per case", [theme.count(side.reasoning_tokens) for side in sides]),
        ("Latency p50, s", [_seconds(side.p50_latency_ms) for side in sides]),
        ("Latency p95, s", [_seconds(side.p95_latency_ms) for side in sides]),
    )  # fmt: skip
    return Table(
        title="What both models spent on the same cases", span="half",
        subtitle="Means over all cases; n/a was not measured on every case",
        columns=("Measure", old, new), rows=tuple((name, *values) for name, values in readings),
    )  # fmt: skip


def feedback_table(found: Mapping[str, Any] | None, *, subtitle: str) -> Table:
    """Say how fast corrections are triaged and fixed, and how many became test cases."""
    rows: tuple[tuple[str | Cell, ...], ...] = ()
    if found is not None:
        days = found["median_days_to_fix"]
        rows = (
            ("Corrections old enough to judge", f"{found['corrections']:,}"),
            ("Triaged within 14 days", theme.percent(found["triaged_share"], digits=1)),
            ("Median days to fix", "none fixed" if days is None else f"{days:,.0f}"),
            ("Confirmed, and became test cases",
             f"{found['confirmed_with_case']:,} of {found['confirmed']:,}"),
        )  # fmt: skip
    return Table(
        title="Feedback loop", subtitle=subtitle, columns=("Measure", "Value"), rows=rows,
        empty="No corrections on file (evidence/corrections.csv).",
    )  # fmt: skip


def _seconds(ms: float | None) -> str:
    return theme.NOT_KNOWN if ms is None else f"{ms / 1000:.2f}"
