"""How an envelope is drawn: burn-up against the budget, monthly fan, tornado, S-curve, stresses."""

from collections.abc import Mapping, Sequence

from workbench.figures import bars, charts, theme
from workbench.figures.caption import Caption
from workbench.figures.cards import Chart, Table
from workbench.models.envelope.leaves import Floats
from workbench.models.envelope.risk import BudgetRisk, Envelope, Spread
from workbench.models.envelope.sensitivity import StressResult, Swing
from workbench.models.forecast.total import TotalInterval
from workbench.models.scoring import EnvelopeScore

UNCALIBRATED = "uncalibrated: fewer than four past totals to judge by"
SHOWN_SWINGS = 8


def burn_up(
    caption: Caption,
    *,
    envelope: Envelope,
    budget_usd: Sequence[float],
    actual_usd: Sequence[float | None] = (),
    risk: BudgetRisk | None = None,
) -> Chart:
    """Draw the cost so far as a fan against the stepped budget, with the likely breach marked.

    Parameters
    ----------
    actual_usd
        USD of each month, None where it has not ended; drawn cumulated.
    """
    x = list(envelope.months)
    series = [
        charts.Series(name="budget", y=_running(budget_usd), look="plan"),
        charts.Series(
            name="P50", y=[spread.p50 for spread in envelope.cumulative], look="forecast"
        ),
    ]
    if any(value is not None for value in actual_usd):
        series.append(charts.Series(name="actual", y=_running(actual_usd)))
    marks = []
    if risk is not None and risk.first_likely_breach is not None:
        marks = [charts.Mark(text="budget likely broken", x=risk.first_likely_breach)]
    return charts.lines(
        caption, x=x, series=series, bands=[_band(envelope.cumulative)], marks=marks
    )


def monthly_fan(
    caption: Caption,
    *,
    envelope: Envelope,
    budget_usd: Sequence[float],
    actual_usd: Mapping[str, float] | None = None,
    events: Mapping[str, str] | None = None,
) -> Chart:
    """Draw P10, P50 and P90 of each month beside the budget, after the months that were.

    Parameters
    ----------
    actual_usd
        USD by month, YYYY-MM; months before the envelope go in front of it.
    events
        What is bound to come, by the month in which it does; marked.
    """
    actual, dated = actual_usd or {}, events or {}
    earlier = [month for month in sorted(actual) if month < envelope.months[0]]
    gap: list[float | None] = [None] * len(earlier)
    spreads = envelope.by_month
    return charts.fan(
        caption,
        x=[*earlier, *envelope.months],
        p10=[*gap, *(spread.p10 for spread in spreads)],
        p50=[*gap, *(spread.p50 for spread in spreads)],
        p90=[*gap, *(spread.p90 for spread in spreads)],
        actual=[actual.get(month) for month in (*earlier, *envelope.months)],
        plan=[*gap, *budget_usd],
        marks=[charts.Mark(text=text, x=month, color=theme.INK_3) for month, text in dated.items()],
    )


def tornado(caption: Caption, *, base_usd: float, swings: Sequence[Swing]) -> Chart:
    """Draw what each input's P10 to P90 moves the total by, widest first."""
    drivers = [
        bars.Driver(
            name=swing.name,
            low=swing.low_usd,
            high=swing.high_usd,
            low_at=theme.number(swing.input_low),
            high_at=theme.number(swing.input_high),
        )
        for swing in swings[:SHOWN_SWINGS]
    ]
    return bars.tornado(caption, base=base_usd, drivers=drivers)


def s_curve(caption: Caption, *, totals_usd: Floats, budget_usd: float | None = None) -> Chart:
    """Draw the probability of costing no more than each total, with the budget on it."""
    marks = [] if budget_usd is None else [charts.Mark(text="budget", x=float(budget_usd))]
    return charts.s_curve(caption, values=totals_usd.tolist(), marks=marks)


def stress_table(results: Sequence[StressResult], *, title: str, subtitle: str) -> Table:
    """List each shock with its total and what it does to the probability of a breach."""
    return Table(
        title=title,
        subtitle=subtitle,
        columns=("Shock", "P10", "P50", "P90", "Change of P50", "P(breach)"),
        rows=tuple(
            (
                result.name,
                theme.number(result.total.p10),
                theme.number(result.total.p50),
                theme.number(result.total.p90),
                theme.signed(result.change_of_p50_usd),
                theme.percent(result.p_breach),
            )
            for result in results
        ),
    )


def calibration_line(score: EnvelopeScore | None, interval: TotalInterval | None = None) -> str:
    """Say how past envelopes held; goes at the foot of every fan.

    Examples
    --------
    >>> calibration_line(None)
    'no envelope has been scored yet'
    """
    if interval is not None and not interval.calibrated:
        return UNCALIBRATED
    return "no envelope has been scored yet" if score is None else f"P10–P90 {score.sentence}"


def answer(envelope: Envelope, *, risk: BudgetRisk, budget_usd: float) -> str:
    """Return the page's sentence: the range of the total and how likely the budget breaks."""
    total = envelope.total
    text = (
        f"From {theme.month_span(envelope.months)} it costs "
        f"{theme.money(total.p10)} to {theme.money(total.p90)} (8 of 10), most likely about "
        f"{theme.money(total.p50)}; the budget of {theme.money(budget_usd)} breaks with a "
        f"probability of {theme.percent(risk.p_breach)}"
    )
    if risk.first_likely_breach is not None:
        text += f", likely from {theme.month_name(risk.first_likely_breach)}"
    return text + "."


def _band(spreads: Sequence[Spread]) -> charts.Band:
    return charts.Band(
        name="P10–P90",
        low=[spread.p10 for spread in spreads],
        high=[spread.p90 for spread in spreads],
    )


def _running(values: Sequence[float | None]) -> list[float | None]:
    total: float | None = 0.0
    running: list[float | None] = []
    for value in values:
        total = None if value is None or total is None else total + value
        running.append(total)
    return running
