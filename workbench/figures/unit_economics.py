"""What unit economics looks like: the four costs, their trend, where they sit, what moved."""

from collections.abc import Mapping, Sequence

import numpy as np

from workbench.figures import theme
from workbench.figures.bars import bars
from workbench.figures.caption import Caption
from workbench.figures.cards import Cell, Chart, Link, Table, Tile, Tone
from workbench.figures.charts import Series, lines
from workbench.figures.stacks import stacked_rows
from workbench.models.unit_economics import (
    PricedVolumes,
    UnitCosts,
    cost_table,
    daily_trend,
    top_movers,
)

COSTS = (
    ("fully_loaded_usd", "Fully loaded", "everything, people included, ÷ all resolved"),
    ("loaded_ai_usd", "Loaded AI", "AI side and QA ÷ not reopened"),
    ("naive_usd", "Naive", "AI side ÷ all that AI resolved"),
    ("marginal_usd", "Marginal", "one more, without the platform"),
)
"""Field of `UnitCosts`, its name, and its definition in a few words."""
WHAT_IF_ROWS = "What-if; rows open at the measured inputs"
MOST_MOVERS = 6
"""Names with bars of their own; the rest is one bar."""
CLASS_NAMES = {
    "uncached_input_tokens": "input", "cache_read_tokens": "cache reads",
    "cache_write_5m_tokens": "cache writes 5 min", "cache_write_1h_tokens": "cache writes 1 h",
    "cache_write_unknown_tokens": "cache writes", "output_tokens": "output",
    "reasoning_tokens": "reasoning surcharge",
}  # fmt: skip


def key(kind: str, *names: str) -> str:
    """Return what a bar opens: its kind (cost, day, class, mover, rest, size) and its names."""
    return "/".join((kind, *names))


def class_name(meter: str) -> str:
    """Return a meter's name for a page, e.g. input or cache reads."""
    return CLASS_NAMES.get(meter, meter.replace("_", " "))


def change(now: float | None, then: float | None, against: str) -> tuple[str, Tone]:
    """Say by how much a cost moved, with sign and word; less is better.

    Examples
    --------
    >>> change(2.83, 2.95, "September")
    ('▼ 4.1 % less than September', 'good')
    """
    if now is None or then is None or then == 0:
        return "", "neutral"
    ratio = now / then - 1
    if abs(ratio) < 0.0005:
        return f"● as {against}", "neutral"
    word, mark = ("more", "▲") if ratio > 0 else ("less", "▼")
    tone: Tone = "bad" if ratio > 0 else "good"
    return f"{mark} {theme.percent(abs(ratio), digits=1)} {word} than {against}", tone


def answer(costs: UnitCosts, *, unit: str, measured: UnitCosts) -> str:
    """Return the sentence that answers the page."""
    if costs.fully_loaded_usd is None:
        return f"What one {unit} costs has no answer in this selection."
    told = f"One {unit} costs {theme.money(costs.fully_loaded_usd)}"
    if costs.all_human_usd is not None:
        told += beside_ai(costs.fully_loaded_usd, costs.loaded_ai_usd)
    if costs.human_share:
        told += f"; handed-over work is {theme.percent(costs.human_share)} of it"
    if costs is not measured and costs.fully_loaded_usd != measured.fully_loaded_usd:
        told += f". Measured: {theme.money(measured.fully_loaded_usd)}"
    return told + "."


def beside_ai(fully_loaded_usd: float, loaded_ai_usd: float | None) -> str:
    """Say what the AI side alone costs a unit, and why it may be the dearer of the two.

    Fully loaded is divided by all resolved units, the AI side by those the AI resolved for good:
    with little AI volume its fixed cost weighs more than people do.
    """
    if loaded_ai_usd is None or loaded_ai_usd <= fully_loaded_usd:
        return f" when people are counted, {theme.money(loaded_ai_usd)} when they are not"
    return (
        f" over all that AI and people resolve, {theme.money(loaded_ai_usd)} over what AI resolves"
    )


def tiles(
    costs: UnitCosts, *, unit: str, against: tuple[UnitCosts | None, str],
    months: Sequence[UnitCosts], as_of: str, modelled: bool,
) -> tuple[Tile, ...]:  # fmt: skip
    """Return the four costs as tiles, each with its change and its months."""
    made = []
    for field, name, definition in COSTS:
        value, unit_text = theme.money_parts(getattr(costs, field))
        then = getattr(against[0], field) if against[0] else None
        delta, tone = change(getattr(costs, field), then, against[1])
        spark = tuple(getattr(month, field) for month in months)
        how = "what-if" if modelled else "measured"
        made.append(
            Tile(
                label=f"{name}, per {unit.split()[-1]}", value=value, unit=unit_text,
                delta=delta or definition, tone=tone, spark=spark, foot=f"{how} {as_of}",
                why=Link(anchor="definitions"),
            )
        )  # fmt: skip
    return tuple(made)


def four_costs(costs: UnitCosts, measured: UnitCosts, *, unit: str, modelled: bool) -> Chart:
    """Draw the four costs, under a what-if beside the measured ones."""
    names = [name for _, name, _ in COSTS]
    now = [getattr(costs, field) for field, _, _ in COSTS]
    then = [getattr(measured, field) for field, _, _ in COSTS] if modelled else []
    ratio = (
        costs.fully_loaded_usd / costs.naive_usd
        if costs.fully_loaded_usd and costs.naive_usd
        else None
    )
    title = f"What one {unit} costs depends on what is counted"
    if ratio and ratio > 1.05:
        title = (
            f"Counting everything, one {unit} costs {theme.number(ratio)} times the naive figure"
        )
    subtitle = f"Per {unit}, {{unit}}" + (" · pale: measured" if modelled else "")
    caption = Caption(
        title=title, subtitle=subtitle, span="narrow", why=Link(anchor="definitions"),
        foot=WHAT_IF_ROWS if modelled else "Definitions: naive, loaded AI, fully loaded, marginal",
    )  # fmt: skip
    opens = [] if modelled else [key("cost", field) if v else "" for (field, *_), v in zip(COSTS, now, strict=True)]  # fmt: skip
    return bars(caption, names=names, values=now, previous=then, opens=opens)


def trend(
    days: Sequence[str],
    usd: Sequence[float],
    units: Sequence[float | None],
    *,
    unit: str,
    basis: str,
) -> Chart:
    """Draw AI usage cost per unit by day, and over the trailing week."""
    points = daily_trend(days, usd, units)
    weekly = [week for _, _, _, week in points]
    known = [week for week in weekly if week is not None]
    title = f"AI usage per {unit} by day"
    if len(known) > 1:
        change = known[-1] / known[0] - 1 if known[0] else 0.0
        word = "rose" if change > 0 else "fell"
        moved = f"{word} by {theme.percent(abs(change))}"
        steady = abs(change) < 0.02
        title = f"AI usage per {unit} {'held steady' if steady else moved} over the period"
    caption = Caption(
        title=title, subtitle=f"{basis.capitalize()} cost ÷ {theme.plural(unit)}, {{unit}} · thin: day, thick: 7 days",
        span="wide", foot="Measured; the week is a ratio of sums, never a mean of days",
    )  # fmt: skip
    series = [
        Series(name="day", y=[each for _, _, each, _ in points], look="previous", label=" "),
        Series(name="7 days", y=weekly),
    ]
    opens = [key("day", day) for day in days]
    return lines(caption, x=[day for day, *_ in points], series=series, opens=opens)


def by_model_and_class(
    volumes: PricedVolumes, *, basis: str, opens: bool = False, modelled: bool = False
) -> Chart:
    """Draw cost by model as columns of token classes, dearest model first.

    With `opens` each model's class opens its rows; the few classes drawn as "other" do not.
    """
    usd = np.nan_to_num(volumes.usd)
    models = sorted(range(len(volumes.models)), key=lambda m: -usd[m].sum())[:6]
    classes = sorted(range(len(volumes.classes)), key=lambda c: -usd[:, c].sum())
    kept = [c for c in classes[:6] if usd[:, c].sum() > 0]
    parts = {class_name(volumes.classes[c]): [float(usd[m, c]) for m in models] for c in kept}
    rest = [c for c in classes if c not in kept and usd[:, c].sum() > 0]
    if rest:
        parts["other"] = [float(usd[m, rest].sum()) for m in models]
    table = [row for row in cost_table(volumes) if row[3] is not None]
    whole = float(usd.sum())
    title = "Cost by model and token class"
    if table and whole:
        model, meter, _, dearest = table[0]
        title = f"{class_name(meter).capitalize()} of {model} is {theme.percent((dearest or 0) / whole)} of the usage cost"
    caption = Caption(
        title=title, subtitle=f"{basis.capitalize()} cost by model and token class, {{unit}}", span="wide",
        foot=WHAT_IF_ROWS if modelled else "Unpriced usage is not in it" if len(models) == len(volumes.models)
        else f"The {len(models)} dearest of {len(volumes.models)} models",
    )  # fmt: skip
    if len(models) < 2:
        top = [row for row in table if row[3]][:8]
        names = [class_name(meter) for _, meter, *_ in top]
        keys = [key("class", model, meter) for model, meter, *_ in top] if opens else []
        return bars(caption, names=names, values=[usd for *_, usd in top], opens=keys)
    colors = theme.colors([name for name in parts if name != "other"])
    named = [volumes.models[m] for m in models]
    segments = {
        class_name(volumes.classes[c]): [key("class", model, volumes.classes[c]) for model in named]
        for c in kept if opens
    }  # fmt: skip
    return stacked_rows(caption, names=named, parts=parts, colors=colors, opens=segments)


def by_resolution(sizes: Sequence[tuple[str, float, float]], *, basis: str) -> Chart:
    """Draw what one image costs at each resolution; sizes are (name, images, USD)."""
    each = [(size, usd / count) for size, count, usd in sizes if count]
    title = "What one image costs at each resolution"
    if len(each) > 1 and each[0][1]:
        (least, low), (most, high) = each[0], each[-1]
        title = f"One {most} image costs {theme.money(high)}, {theme.number(high / low)} times a {least} one"
    caption = Caption(
        title=title, subtitle=f"{basis.capitalize()} cost of the requests, text included, ÷ images, {{unit}}", span="wide",
        foot="; ".join(f"{size}: {theme.count(count)} images" for size, count, _ in sizes),
    )  # fmt: skip
    return bars(
        caption, names=[size for size, _ in each], values=[usd for _, usd in each],
        opens=[key("size", size) for size, _ in each],
    )  # fmt: skip


def movers(
    before: Mapping[str, float], now: Mapping[str, float], *, by: str, names: tuple[str, str],
    opens: bool = False,
) -> Chart:  # fmt: skip
    """Draw what moved most between two periods, beside where it was; both bars open together."""
    rows = top_movers(before, now, at_most=MOST_MOVERS) if before else ()
    title = f"Largest movers by {by}"
    if rows:
        name, _, _, moved = rows[0]
        word = "more" if moved > 0 else "less"
        title = f"{name} moved most: {theme.money(abs(moved))} {word} than {names[0]}"
    caption = Caption(
        title=title, subtitle=f"Cost by {by}, {{unit}} · strong: {names[1]}, pale: {names[0]}", span="narrow",
        foot="Changes add up to the change of the total",
    )  # fmt: skip
    return bars(
        caption, names=[r[0] for r in rows],
        values=[r[2] for r in rows],
        previous=[r[1] for r in rows],
        opens=[key("mover", r[0]) if at < MOST_MOVERS else key("rest", by) for at, r in enumerate(rows)]
        if opens else [],
    )  # fmt: skip


def each_table(
    rows: Sequence[tuple[str, float | None, float | None]], *, basis: str, foot: str
) -> Table:
    """Return what each request, user, tenant, feature and outcome costs."""
    digits = theme.column_digits([each for _, _, each in rows])
    return Table(
        title="The same cost, per each", subtitle=f"{basis.capitalize()} cost of AI usage ÷ count of the period",
        columns=("Per", "Count", "$ each"), foot=foot,
        rows=tuple(
            (name, theme.number(count, digits=0), theme.number(each, digits=digits))
            for name, count, each in rows
        ),
    )  # fmt: skip


def class_table(volumes: PricedVolumes) -> Table:
    """Return volume and cost of every model and token class, dearest first."""
    rows = [
        (model, meter, units, usd, None if usd is None or not units else usd / units * 1e6)
        for model, meter, units, usd in cost_table(volumes)[:40]
    ]
    cost_digits = theme.column_digits([row[3] for row in rows])
    price_digits = theme.column_digits([row[4] for row in rows])
    return Table(
        title="Every model and token class", subtitle="Volume and cost of the period, dearest first",
        columns=("Model", "Class", "Units", "$", "$ per million"), text_columns=("Class",), span="half",
        rows=tuple(
            (model, class_name(meter), theme.number(units, digits=0),
             theme.number(usd, digits=cost_digits), theme.number(price, digits=price_digits))
            for model, meter, units, usd, price in rows
        ),
    )  # fmt: skip


def tenant_table(
    tenants: Sequence[str | None], requests: Sequence[int], usd: Sequence[float | None]
) -> Table:
    """Return cost by tenant, largest first."""
    each = [
        None if cost is None or not count else cost / count
        for count, cost in zip(requests, usd, strict=True)
    ]
    cost_digits, each_digits = theme.column_digits(usd), theme.column_digits(each)
    rows: list[tuple[str | Cell, ...]] = [
        (name or "(no tenant)", theme.number(count, digits=0),
         theme.number(cost, digits=cost_digits), theme.number(one, digits=each_digits))
        for name, count, cost, one in zip(tenants, requests, usd, each, strict=True)
    ]  # fmt: skip
    return Table(
        title="Every tenant", subtitle="Requests and cost of the period, largest first", span="half",
        columns=("Tenant", "Requests", "$", "$ per request"), rows=tuple(rows[:40]),
        foot=f"{len(rows)} tenants, at most 40 shown",
    )  # fmt: skip
