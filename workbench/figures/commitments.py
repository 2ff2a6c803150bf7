"""How commitments are drawn: the load-duration curve, cost and regret over the number of units."""

from collections.abc import Sequence

from workbench.figures import charts, theme
from workbench.figures.caption import Caption
from workbench.figures.cards import Chart, Table
from workbench.models.commitments import (
    CommitmentUnit,
    Floats,
    Outcome,
    Regret,
    load_duration,
)

MOST_POINTS = 400


def load_duration_curve(
    caption: Caption, *, unit: CommitmentUnit, mtok_by_hour: Floats, chosen: Outcome
) -> Chart:
    """Draw demand from the highest hour to the lowest, with what the commitment covers."""
    curve = load_duration(mtok_by_hour)
    step = max(1, len(curve) // MOST_POINTS)
    x = [100 * (n + 1) / len(curve) for n in range(0, len(curve), step)]
    capacity = chosen.units * unit.mtok_per_hour
    return charts.lines(
        caption,
        x=x,
        series=[charts.Series(name="demand", y=[float(v) for v in curve[::step]], label="load")],
        marks=[
            charts.Mark(text=f"capacity of {chosen.units:,} units", y=capacity, color=theme.ACCENT),
            charts.Mark(
                text="break-even", x=min(100.0, 100 * unit.breakeven_utilization), color=theme.BAD
            ),
        ],
    )


def cost_by_units(caption: Caption, *, outcomes: Sequence[Outcome]) -> Chart:
    """Draw commitment, spill and their sum over the number of units."""
    return charts.lines(
        caption,
        x=[float(each.units) for each in outcomes],
        series=[
            charts.Series(name="total", y=[each.total_usd for each in outcomes], look="p50"),
            charts.Series(name="commitment", y=[each.fixed_usd for each in outcomes], look="plan"),
            charts.Series(name="spill", y=[each.spill_usd for each in outcomes], look="previous"),
        ],
    )


def regret_curve(caption: Caption, *, table: Sequence[Regret]) -> Chart:
    """Draw expected cost with its band and expected regret over the number of units."""
    return charts.lines(
        caption,
        x=[float(line.units) for line in table],
        series=[
            charts.Series(
                name="expected cost", y=[line.expected_usd for line in table], look="p50"
            ),
            charts.Series(
                name="expected regret", y=[line.expected_regret_usd for line in table], look="thin"
            ),
        ],
        bands=[
            charts.Band(
                name="P10–P90",
                low=[line.p10_usd for line in table],
                high=[line.p90_usd for line in table],
            )
        ],
    )


def outcome_table(
    outcomes: Sequence[tuple[str, Outcome]], *, title: str, subtitle: str,
    unpriced: Sequence[tuple[str, str]] = (),
) -> Table:  # fmt: skip
    """List offers beside each other, each at its number of units; `unpriced` by name and why."""
    return Table(
        title=title,
        subtitle=subtitle,
        columns=(
            "Offer", "Units", "Amortised", "Spill", "On demand", "Utilisation", "Coverage",
            "Savings rate", "Stranded, Mtok", "Shortfall, Mtok",
        ),
        text_columns=("Offer",),
        rows=tuple(
            (
                name,
                theme.number(each.units, digits=0),
                theme.money(each.fixed_usd),
                theme.money(each.spill_usd),
                theme.money(each.on_demand_usd),
                theme.percent(each.utilization),
                theme.percent(each.coverage),
                theme.percent(each.effective_savings_rate),
                theme.number(each.stranded_mtok),
                theme.number(each.spill_mtok),
            )
            for name, each in outcomes
        )
        + tuple((f"{name}: {why}", *["–"] * 9) for name, why in unpriced),
    )  # fmt: skip


def answer(
    unit: CommitmentUnit, best: Outcome, held: Outcome | None = None, *, volume: float = 1.0
) -> str:
    """Say how much to commit to, in one sentence; `held` is the smallest purchase where none pays."""
    need = theme.percent(unit.breakeven_utilization)
    if best.units == 0:
        at = "" if volume == 1 else f", even at {volume:,.0f} times the log"
        if held is None:
            return f"Commit to nothing{at}: {unit.name} pays only above {need} sustained use."
        return (
            f"Commit to nothing{at}: {unit.name} pays above {need} sustained use, and "
            f"{held.units:,} unit{'s' if held.units != 1 else ''} would be used {theme.percent(held.utilization)}."
        )
    return (
        f"Commit to {best.units:,} × {unit.name}: {theme.percent(best.effective_savings_rate, digits=1)} "
        f"saved, {theme.percent(best.utilization)} used, {theme.percent(best.coverage)} of demand "
        f"covered; a unit pays above {need} sustained use."
    )
