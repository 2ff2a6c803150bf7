"""What retention looks like: the law's band against the policy, the bill, the cheapest ways."""

from collections.abc import Sequence
from typing import Any

from workbench.figures import theme
from workbench.figures.bars import bars, names_above
from workbench.figures.caption import Caption, chart
from workbench.figures.cards import Cell, Chart, Table, Tile, Tone
from workbench.figures.charts import fan
from workbench.figures.stacks import stacked
from workbench.models.retention.cost import MonthlyCost
from workbench.models.retention.optimizer import Optimum
from workbench.models.retention.path import Floats, quantiles_usd
from workbench.models.retention.resolver import Band, Resolution
from workbench.models.retention.windows import crossing

CAUSES = (
    ("ingest_usd", "ingest"), ("storage_usd", "storage"), ("requests_usd", "write requests"),
    ("transitions_usd", "moves between tiers"), ("object_overhead_usd", "overhead per object"),
    ("early_deletion_usd", "early deletion"), ("retrieval_usd", "reading back"),
    ("egress_usd", "egress"), ("hold_usd", "legal hold"),
)  # fmt: skip
"""Field of `MonthlyCost`, and its name on a page."""
WRONG_LEVER_SHARE = 0.5
SMALL_USD = 10.0
"""A month below this is told by the million requests first: so few cents say nothing by themselves."""
MONTHS_A_YEAR = 365 / 30
"""Months of 30 days, as the model counts them."""
LANE_PIXELS = 34
_UNBOUND = Band(
    trigger="", verdict="no number in law", lower=None, upper=None, overriding=None,
    reason="no rule binds this class",
)  # fmt: skip


def answer(
    month: MonthlyCost,
    *,
    elasticity: float,
    usd_per_million: float | None = None,
    usd_logged: float | None = None,
) -> str:
    """Return the sentence that answers the page; it says when days are the wrong lever.

    `usd_per_million` is the month over its requests, times a million; it leads where the month is
    small, because a leader asks what it comes to at scale. `usd_logged` is a month as logged, where
    the page is set to another volume.
    """
    a_month = f"{theme.money(month.total_usd)} a month once the stock is full"
    if usd_per_million and month.total_usd < SMALL_USD:
        a_year = theme.money((usd_logged or month.total_usd) * MONTHS_A_YEAR)
        told = f"Keeping these records costs {theme.money(usd_per_million)} per million requests, {a_year} a year as logged"
    else:
        told = f"Keeping these records costs {a_month}"
    if month.ingest_share >= WRONG_LEVER_SHARE:
        share = theme.percent(month.ingest_share)
        return f"{told}; {share} of it is ingest, so retention days are the wrong lever."
    return f"{told}; a period 10 % shorter saves {_tenth(elasticity)} of it."


def tiles(
    month: MonthlyCost,
    resolutions: Sequence[Resolution],
    *,
    as_of: str,
    expected: tuple[float, float] | None = None,
) -> tuple[Tile, ...]:
    """Return the bill, its largest cause, stock, conflicts and missing periods.

    `expected` is P10 and P90 of the month under the usage forecast.
    """
    total, unit = theme.money_parts(month.total_usd)
    low, high = (theme.money(usd) for usd in expected or (month.total_usd, month.total_usd))
    told = f"● P10 {low} – P90 {high} by the forecast" if expected else ""
    cause, usd = max(
        ((name, getattr(month, field)) for field, name in CAUSES), key=lambda one: one[1]
    )
    conflicts = len(conflicting(resolutions))
    unstated = sum(one.series.stated_days is None for one in resolutions)
    held = sum(one.series.on_hold for one in resolutions)
    return (
        Tile(label="A month, steady state", value=total, unit=unit, foot="modelled, list prices", delta=told),
        Tile(label="Largest cause", value=cause, delta=f"● {theme.money(usd)} a month"),
        Tile(label="Stored and billed", value=theme.number(sum(month.stock_gb_by_tier)), unit="GB", foot="modelled, steady state"),
        Tile(label="Conflicts of law", value=str(conflicts), foot=as_of, **_tone(conflicts)),
        Tile(label="Series without a stated period", value=str(unstated), foot=as_of, **_tone(unstated)),
        Tile(label="Series on legal hold", value=str(held), foot=as_of),
    )  # fmt: skip


def lever(month: MonthlyCost, *, elasticity: float, text_share: float) -> Tile:
    """Return what a tenth fewer days saves, beside what keeping a tenth less of the text saves.

    Where ingest is most of the bill the first is small and the second is not: days are the wrong
    lever.
    """
    days, share = _tenth(elasticity), _tenth(text_share)
    is_wrong = month.ingest_share >= WRONG_LEVER_SHARE
    tone: Tone = "bad" if is_wrong else "neutral"
    told = "▼ the wrong lever: " if is_wrong else "● "
    return Tile(
        label="10 % fewer days save", value=days.removesuffix(" %"), unit="%", tone=tone,
        delta=f"{told}10 % less text kept saves {share}", foot="of the month",
    )  # fmt: skip


def _tenth(part: float) -> str:
    """Write a tenth of a share; a decimal only where it says something."""
    share = part * 0.1
    return theme.percent(share, digits=0 if abs(share * 100 - round(share * 100)) < 0.05 else 1)


def conflicting(resolutions: Sequence[Resolution]) -> list[Resolution]:
    """Return the classes whose rules collide, in one band or across triggers."""
    return [one for one in resolutions if one.verdict == "conflict" or crossing(one) is not None]


def _tone(count: int) -> dict[str, Any]:
    tone: Tone = "bad" if count else "good"
    return {"tone": tone, "delta": "▲ to decide" if count else "● none"}


def causes(caption: Caption, *, month: MonthlyCost) -> Chart:
    """Draw what makes up the month, the largest first."""
    pairs = sorted(((getattr(month, field), name) for field, name in CAUSES), reverse=True)
    shown = [(usd, name) for usd, name in pairs if usd > 0]
    return bars(caption, names=[name for _, name in shown], values=[usd for usd, _ in shown])


def cost_over_time(
    caption: Caption, *, months: Sequence[str], usd_by_tier: dict[str, Sequence[float]]
) -> Chart:
    """Draw the way to the steady state: cost a month by tier or class."""
    return stacked(caption, x=months, parts=usd_by_tier)


def cost_band(
    caption: Caption,
    *,
    months: Sequence[str],
    p10: Sequence[float],
    p50: Sequence[float],
    p90: Sequence[float],
) -> Chart:
    """Draw P10, P50 and P90 of the month's cost under the usage forecast."""
    return fan(caption, x=months, p10=p10, p50=p50, p90=p90)


def cost_fan(caption: Caption, *, months: Sequence[str], usd: Floats) -> Chart:
    """Draw P10, P50 and P90 of the month's cost under the usage forecast (draws, months)."""
    bands = quantiles_usd(usd)
    p10, p50, p90 = (bands[name].tolist() for name in ("p10", "p50", "p90"))
    return fan(caption, x=months, p10=p10, p50=p50, p90=p90)


def law_bands(caption: Caption, *, resolutions: Sequence[Resolution]) -> Chart:
    """Draw what the law allows of each series as a bar, and the stated period as a mark."""
    lanes = [(one, band) for one in resolutions for band in one.bands or (_UNBOUND,)]
    ends = [
        days
        for one, band in lanes
        for days in (
            band.lower.days if band.lower else None,
            band.upper.days if band.upper else None,
            one.series.stated_days,
        )
        if days is not None
    ]
    reach = 1.15 * max(ends, default=365)
    names = [
        f"{_class_of(one)}, {band.trigger.replace('_', ' ')}" if band.lower or band.upper
        else _class_of(one)
        for one, band in lanes
    ]  # fmt: skip
    layout = theme.layout(
        height_px=max(120, 48 + LANE_PIXELS * len(lanes)),
        left_px=round(min(290, 20 + max((len(name) for name in names), default=0) * 6.6)),
    )
    places = list(range(len(lanes)))
    layout["yaxis"] |= {
        "autorange": "reversed", "showgrid": False, "tickvals": places,
        "ticktext": [theme.plain(name) for name in names],
        "tickfont": {"size": 12, "color": theme.INK_2},
    }  # fmt: skip
    layout["xaxis"] |= {
        "range": [0, reach], "ticksuffix": " d", "nticks": 4, "tickangle": 0, "tickformat": ",d",
    }  # fmt: skip
    layout["meta"] = {"narrow": names_above(layout, names)}
    lower = [band.lower.days if band.lower else 0 for _, band in lanes]
    upper = [band.upper.days if band.upper else reach for _, band in lanes]
    # A bar only where the law names a bound: no number in law is no permission.
    is_broken = [band.verdict == "conflict" or not (band.lower or band.upper) for _, band in lanes]
    allowed = {
        "type": "bar", "orientation": "h", "y": places, "base": lower, "name": "allowed",
        "x": [0 if bad else high - low for low, high, bad in zip(lower, upper, is_broken, strict=True)],
        "marker": {"color": theme.BAND},
        "hovertemplate": "allowed from day %{base:.0f}<extra></extra>",
    }  # fmt: skip
    stated = [one.series.stated_days for one, _ in lanes]
    marks = {
        "type": "scatter", "mode": "markers", "x": stated, "y": places, "name": "stated",
        "marker": {"symbol": "line-ns", "size": 16, "line": {"width": 2.5, "color": [
            theme.BAD if _is_outside(one.series.stated_days, band) else theme.ACTUAL for one, band in lanes
        ]}},
        "hovertemplate": "stated %{x:.0f} days<extra></extra>",
    }  # fmt: skip
    rows = [
        [
            name, _days(band.lower.days if band.lower else None),
            _days(band.upper.days if band.upper else None),
            _days(one.series.stated_days), band.verdict, band.reason,
        ]
        for name, (one, band) in zip(names, lanes, strict=True)
    ]  # fmt: skip
    inside = sum(band.verdict == "feasible" for _, band in lanes)
    unnamed = sum(band.verdict == "no number in law" for _, band in lanes)
    return chart(
        caption, figure={"data": [allowed, marks], "layout": layout | {"bargap": 0.5}}, rows=rows,
        columns=("Series", "at least", "at most", "stated", "verdict", "why"),
        summary=(
            f"{inside} of {len(lanes)} bands can be kept; for {unnamed} the law names no number. "
            "The mark is the stated period, orange where it lies outside its band."
        ),
    )  # fmt: skip


def _is_outside(stated: int | None, band: Band) -> bool:
    """Whether the stated period breaks what the law asks; where nothing is stated it cannot."""
    if stated is None:
        return False
    too_short = band.lower is not None and stated < band.lower.days
    return too_short or (band.upper is not None and stated > band.upper.days)


def _class_of(one: Resolution) -> str:
    """Return the series' name; that it lies in the content folder goes without saying."""
    return one.series.store.removeprefix("content: ")


def _days(days: int | None) -> str:
    return "no number in law" if days is None else f"{days:,} d"


def constraint_costs(caption: Caption, *, optimum: Optimum) -> Chart:
    """Draw what each constraint costs a month: what relaxing it would save."""
    priced = [
        (usd, name)
        for name, usd in optimum.usd_per_month_by_constraint.items()
        if usd is not None and usd > 0
    ]
    ordered = sorted(priced, reverse=True)
    names = [name.replace("_", " ") for _, name in ordered]
    return bars(caption, names=names, values=[usd for usd, _ in ordered])


def policies(optimum: Optimum, *, title: str, subtitle: str) -> Table:
    """Return the ten cheapest policies, cheapest first."""
    rows = []
    for one in optimum.best:
        policy = one.policy
        stages = zip(policy.tiers, policy.starts, strict=True)
        tiers = ", ".join(
            f"{tier.name} from day {start}" if start else tier.name for tier, start in stages
        )
        rows.append(
            (
                tiers, f"{policy.period_days:,} d", theme.number(policy.records_per_object),
                theme.percent(policy.sampling), policy.precision, theme.percent(policy.text_share),
                theme.money(one.month.total_usd),
            )
        )  # fmt: skip
    return Table(
        title=title, subtitle=subtitle, rows=tuple(rows), text_columns=("Tiers", "Embedding"),
        columns=("Tiers", "Period", "Records an object", "Kept", "Embedding", "Text", "a month"),
        foot=f"{optimum.considered:,} policies costed, {optimum.allowed:,} inside the limits",
        empty="No policy meets every limit; the constraints that stand in the way are listed.",
    )  # fmt: skip


def conflicts(resolutions: Sequence[Resolution], *, title: str, subtitle: str) -> Table:
    """Return conflicts, missing numbers, places that fail, and rules that bind nothing."""
    rows: list[tuple[str | Cell, ...]] = []
    for one in resolutions:
        store = one.series.store
        for band in one.bands:
            if band.verdict != "feasible":
                tone: Tone = "bad" if band.verdict == "conflict" else "neutral"
                rows.append((store, Cell(text=band.verdict, tone=tone, tag=True), band.reason))
        across = crossing(one)
        if across is not None:
            tag = Cell(text="conflict across triggers", tone="bad", tag=True)
            rows.append((store, tag, f"If all happens on one day: {across.reason}"))
        for finding in one.findings:
            if finding.verdict == "fail":
                tag = Cell(text=f"{finding.subject} fails", tone="bad", tag=True)
                rows.append((store, tag, finding.text))
        for rule, why in one.not_binding:
            tag = Cell(text=why, tag=True)
            rows.append((store, tag, f"{rule.rule_id}, {rule.citation}: shown, binds nothing"))
    return Table(
        title=title, subtitle=subtitle, rows=tuple(rows), columns=("Store", "Verdict", "Why"),
        text_columns=("Store", "Verdict", "Why"), foot="Not legal advice.",
        empty="No conflict, and every period is stated.",
    )  # fmt: skip


def places(resolutions: Sequence[Resolution], *, title: str, subtitle: str) -> Table:
    """Return where data lives against where it may."""
    rows = tuple(
        (
            one.series.store, one.series.region or "not stated",
            Cell(text=finding.verdict, tone="bad" if finding.verdict == "fail" else "neutral", tag=True),
            finding.text,
        )
        for one in resolutions
        for finding in one.findings
        if finding.subject == "place"
    )  # fmt: skip
    return Table(
        title=title, subtitle=subtitle, rows=rows, columns=("Store", "Lives in", "Verdict", "Rule"),
        text_columns=("Store", "Lives in", "Verdict", "Rule"), empty="No rule binds the place.",
    )  # fmt: skip
