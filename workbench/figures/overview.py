"""What leadership sees first: spend of the month, its pace, the cost of a unit, what moved."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from workbench.figures import theme
from workbench.figures.bars import bars
from workbench.figures.caption import Caption
from workbench.figures.cards import MAX_TILES, Cell, Chart, Link, Table, Tile, Tone
from workbench.figures.charts import Mark, Series, lines
from workbench.figures.unit_economics import change
from workbench.models.overview import MonthToDate
from workbench.models.unit_economics import top_movers

UNIT_PAGE = "unit_economics"


def tiles(
    month: MonthToDate, *, daily: Sequence[float], unpriced: float | None, requests: float,
    unit: tuple[str, str, float | None, Sequence[float | None]], as_of: str,
    answered: Sequence[Tile] = (),
) -> tuple[Tile, ...]:  # fmt: skip
    """Return spend, month end, cost per unit of value, unpriced share, requests, data as of.

    `unit` is feature, unit's name, fully loaded cost of the month, and the months before.
    `answered` are tiles of other questions; they take the place of pace, requests and date, which
    stand in the details, the table and the trust tile too.
    """
    feature, name, each, months = unit
    spend, spend_unit = theme.money_parts(month.spend_usd)
    end, end_unit = theme.money_parts(month.run_rate_month_end_usd)
    delta, tone = _against(month)
    link = Link(page=UNIT_PAGE, filter={"feature": "all", "environment": "all"})
    cost, cost_unit = theme.money_parts(each)
    own = (
        Tile(label=f"Spend, {month.as_of:%B} to date", value=spend, unit=spend_unit, delta=delta,
             tone=tone, spark=tuple(daily), foot="measured, contract", why=link),
        Tile(label="Month end at this pace", value=end, unit=end_unit, delta=month.run_rate_label,
             foot=f"day {month.as_of.day} of {month.days_in_month}", why=Link(anchor="why")),
        Tile(label=f"Cost per {name}", value=cost, unit=cost_unit, delta=f"{feature}, fully loaded",
             spark=tuple(months), foot="measured", why=Link(page=UNIT_PAGE, filter={"feature": feature})),
        Tile(label="Without a full price", value=theme.percent(unpriced, digits=1).removesuffix(" %"),
             unit="%" if unpriced is not None else "", tone="bad" if unpriced else "good",
             delta=f"▲ of {month.as_of:%B} requests, in no sum" if unpriced
             else f"● every {month.as_of:%B} request is priced",
             foot=f"data {as_of}", why=link),
        Tile(label="Requests, month to date", value=theme.count(requests), delta="retries and errors included",
             foot="measured", why=link),
        Tile(label="Data as of", value=f"{month.as_of.day} {month.as_of:%b}",
             delta="● no day is missing" if not month.missing_days
             else f"▼ {month.missing_days} days have no data",
             tone="neutral" if not month.missing_days else "bad", foot="last complete day, UTC", why=Link(anchor="why")),
    )  # fmt: skip
    kept = [own[place] for place in sorted((0, 2, 3, 1, 4, 5)[: MAX_TILES - len(answered)])]
    return (kept[0], *answered[:1], *kept[1:], *answered[1:])


def answer(
    month: MonthToDate, *, unit: str, each_usd: float | None, unpriced: float | None,
    people_counted: bool = True,
) -> str:  # fmt: skip
    """Return the overview's one sentence."""
    name = f"{month.as_of:%B}"
    if month.spend_usd is None:
        return f"No usage is known for {name} {month.as_of.year}."
    over = month.as_of.day == month.days_in_month
    told = f"{name} cost {theme.money(month.spend_usd)}"
    if not over:
        told = (
            f"{name} stands at {theme.money(month.spend_usd)} after {month.as_of.day} days, "
            f"{theme.money(month.run_rate_month_end_usd)} by its end at this pace"
        )
    if month.change_ratio is not None:
        delta, _ = change(1 + month.change_ratio, 1.0, "the same days before")
        told += f", {delta[2:]}"
    if each_usd is not None:
        told += f"; one {unit} costs {theme.money(each_usd)}"
        told += ", people included" if people_counted else ""
    if unpriced:
        told += f". {theme.percent(unpriced, digits=1)} of requests have no full price and are in no sum"
    return told + "."


def _against(month: MonthToDate) -> tuple[str, Tone]:
    """Set the month beside the same days before, or beside their daily mean."""
    if month.change_ratio is not None:
        return change(month.spend_usd, month.previous_usd, f"1–{month.as_of.day} {_before(month)}")
    if month.spend_usd is None or month.previous_usd is None or not month.days_with_data:
        return "no earlier month to compare", "neutral"
    a_day = month.spend_usd / month.days_with_data
    return change(a_day, month.previous_usd / month.previous_days, f"{_before(month)} a day")


def _before(month: MonthToDate) -> str:
    return f"{month.as_of.replace(day=1) - timedelta(days=1):%b}"


def month_trend(
    days: Sequence[str],
    usd: Sequence[float],
    previous: Sequence[float | None],
    *,
    month: MonthToDate,
) -> Chart:
    """Draw the month's spend day upon day, beside the month before and the pace to its end."""
    so_far = month.as_of.day
    cumulative = _running(usd)
    end = month.run_rate_month_end_usd
    pace: list[float | None] = [None] * month.days_in_month
    if end is not None and cumulative:
        for place in range(so_far - 1, month.days_in_month):
            pace[place] = end * (place + 1) / month.days_in_month
    actual: list[float | None] = [*cumulative, *([None] * (month.days_in_month - len(cumulative)))]
    before = [*_running(previous), *([None] * month.days_in_month)][: month.days_in_month]
    title = f"{month.as_of:%B} stands at {theme.money(month.spend_usd)} after {so_far} days"
    if month.change_ratio is not None:
        word = "more" if month.change_ratio > 0 else "less"
        title += (
            f", {theme.percent(abs(month.change_ratio), digits=1)} {word} than the month before"
        )
    caption = Caption(
        title=title, subtitle="Cumulative contract cost, all environments, {unit} · actual solid, month before light, pace dashed",
        span="wide", foot=f"{month.run_rate_label.capitalize()}: no season, no error band",
        why=Link(text="unit economics", page=UNIT_PAGE, filter={"feature": "all", "environment": "all"}),
    )  # fmt: skip
    series = [
        Series(name="before", y=before, look="previous"),
        Series(name=f"{month.as_of:%b}", y=actual),
    ]
    if so_far < month.days_in_month:
        series.append(Series(name="pace", y=pace, look="forecast"))
    return lines(caption, x=list(days), series=series, height_px=300)


def daily_by_feature(
    before: Mapping[str, float], now: Mapping[str, float], names: tuple[str, str]
) -> Chart:
    """Draw each feature's spend beside the same days a month earlier."""
    ordered = list(now)[:8]
    whole = sum(now.values())
    title = "Spend by feature"
    if ordered and whole:
        title = f"{ordered[0]} is {theme.percent(now[ordered[0]] / whole)} of the month's spend"
    caption = Caption(
        title=title, subtitle=f"Contract cost by feature, {{unit}} · strong: {names[1]}, pale: {names[0]}",
        span="narrow", foot=f"The {len(ordered)} largest of {len(now)} features",
        why=Link(text="unit economics", page=UNIT_PAGE, filter={"feature": "all", "environment": "all"}),
    )  # fmt: skip
    return bars(
        caption,
        names=ordered,
        values=[now[n] for n in ordered],
        previous=[before.get(n, 0.0) for n in ordered],
    )


def long_trend(
    days: Sequence[str], weekly: Sequence[float | None], *, changes: Sequence[tuple[str, str]] = ()
) -> Chart:
    """Draw daily spend over all days as its trailing week."""
    known = [value for value in weekly if value is not None]
    title = "Daily spend"
    if len(known) > 1 and known[0]:
        delta, _ = change(known[-1], known[0], "at the start of the data")
        title = f"A day costs {theme.money(known[-1])} now, {delta[2:]}"
    caption = Caption(
        title=title, subtitle="Contract cost a day, all environments, mean of the trailing 7 days, {unit}", span="wide",
        foot="Measured", why=Link(text="unit economics", page=UNIT_PAGE, filter={"period": "All days", "feature": "all", "environment": "all"}),
    )  # fmt: skip
    marks = [Mark(text=text, x=day, color=theme.INK_3) for day, text in changes]
    return lines(caption, x=list(days), series=[Series(name="a day", y=weekly)], marks=marks)


def movers_table(
    before: Mapping[str, float], now: Mapping[str, float], names: tuple[str, str],
    *, requests: Mapping[str, float],
) -> Table:  # fmt: skip
    """Return the largest movers; each name leads to its own page."""
    rows = []
    moved = top_movers(before, now, at_most=6) if before else ()
    each = {name: now[name] / count for name, count in requests.items() if count and name in now}
    each_digits = theme.column_digits([each.get(name) for name, *_ in moved])
    digits = theme.column_digits([value for _, *values in moved for value in values[:2]])
    for name, then, value, change_usd in moved:
        linked = name in now or name in before
        link = (
            Link(page=UNIT_PAGE, filter={"feature": name, "environment": "all"}) if linked else None
        )
        tone = "bad" if change_usd > 0 else "good"
        rows.append((
            Cell(text=name, link=link), theme.accounting(value, digits=digits),
            theme.accounting(then, digits=digits), Cell(text=_moved(change_usd, digits), tone=tone),
            theme.number(each[name], digits=each_digits) if name in each else "",
        ))  # fmt: skip
    return Table(
        title="Largest movers this month", subtitle="Contract cost of the same days, all environments, $", span="narrow",
        columns=("Feature", names[1], names[0], "Δ", "a request"), rows=tuple(rows),
        empty="The snapshot has no earlier month to compare with.", foot="Δ adds up to the change of the total",
        why=Link(text="unit economics", page=UNIT_PAGE, filter={"feature": "all", "environment": "all"}),
    )  # fmt: skip


def _moved(usd: float, digits: int) -> str:
    return theme.accounting(usd, digits=digits) if usd < 0 else theme.signed(usd, digits=digits)


def _running(values: Sequence[float | None]) -> list[float]:
    total, sums = 0.0, []
    for value in values:
        total += value or 0.0
        sums.append(total)
    return sums
