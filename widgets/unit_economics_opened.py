"""The rows behind a bar of the unit economics page, as a table: its last row is the bar.

A cost opens into its parts, a class into days or features, a mover into models or token classes,
a day into models, an image size into days.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from widgets.opened import MOST_ROWS, column_that_adds, exactly, sql_command
from widgets.periods import BASES, Columns, Period, rows_of, span_of
from widgets.unit_economics_data import Reading, image_rows
from workbench.figures.cards import Table
from workbench.figures.theme import MONTHS, column_digits, number, plural
from workbench.figures.unit_economics import COSTS, MOST_MOVERS, class_name
from workbench.models.unit_economics import open_cost, top_movers, unit_costs

NONE = "(none)"
PER_MILLION, PER_UNIT = "USD per million", "USD per unit"
SCALES = {PER_MILLION: 1e6, PER_UNIT: 1.0}
Sums = Mapping[str, tuple[float, float | None]]
"""Name of a row to its quantity and its USD, which sum to the bar."""


def behind(reading: Reading, key: str) -> Table | None:
    """Open one bar of the page; None for a key that names none."""
    kind, _, name = key.partition("/")
    if kind == "cost":
        return _cost(reading, name)
    if kind == "day":
        return _day(reading, name)
    if kind == "class":
        return _class(reading, *name.rpartition("/")[::2])
    if kind in ("mover", "rest"):
        return _mover(reading, name if kind == "mover" else None)
    return _size(reading, name) if kind == "size" else None


def _cost(reading: Reading, field: str) -> Table | None:
    opened = open_cost(reading.counts, field)
    bar = getattr(unit_costs(reading.counts), field, None)
    if opened is None or bar is None:
        return None
    name = next(name for one, name, _ in COSTS if one == field)
    unit, count = reading.unit.name, number(opened.divisor, digits=0)
    divided = opened.divided_by if reading.unit.counted_by == "resolved" else plural(unit)
    usd, _, whole = column_that_adds([one.usd for one in opened.parts], bar * opened.divisor)
    each, _, total = column_that_adds([one.each_usd for one in opened.parts], bar)
    gap = math.fsum(one.each_usd for one in opened.parts) - bar
    return Table(
        title=f"Parts of the {name.lower()} cost: {total} USD per {unit}",
        subtitle=f"{_scope(reading)}; of the period, and divided by {count} {divided}",
        columns=("Part", "Of the period, USD", f"USD per {unit}"),
        rows=(*((one.name, usd[at], each[at]) for at, one in enumerate(opened.parts)),
              ("Sum of parts", whole, total)),
        has_total=True,
        foot=f"{exactly(len(opened.parts), gap)}. Rates of people, tools and platform: assumptions of the workspace.",
    )  # fmt: skip


def _day(reading: Reading, day: str) -> Table | None:
    if day not in reading.days:
        return None
    place = reading.days.index(day)
    units, usd = reading.day_units[place], reading.day_usd[place]
    what = reading.unit.name if reading.unit.counted_by == "resolved" else "successful request"
    after = ""
    if units:
        after = f" Divided by {number(units, digits=0)} {plural(what)} it is the point, {number(usd / units)} USD each."
    bar = _Bar(name=_day_name(day), usd=usd, days=(day, day), after=after)
    column, daily = BASES[reading.basis], reading.daily
    if reading.where["feature"] is None or not reading.has_classes:
        sums = _summed(
            (f"{daily['feature'][at] or NONE} · {daily['model'][at]}", daily["requests"][at], daily[column][at])
            for at, one in enumerate(daily["day"]) if one == day
        )  # fmt: skip
        return _table(reading, bar, sums, columns=("Feature · model", "Requests"), where={})
    found = reading.snapshot.token_classes(**reading.where, first_day=day, last_day=day)
    sums = _summed(
        (f"{model} · {class_name(meter)}", quantity, cost)
        for model, meter, quantity, cost in zip(
            found["model"], found["meter"], found["quantity"], found[column], strict=True
        )
    )
    bar = replace(bar, mixed=True)
    return _table(reading, bar, sums, columns=("Model · token class", "Units"), where={})


def _class(reading: Reading, model: str, meter: str) -> Table | None:
    if not reading.has_classes or not model:
        return None
    found = reading.snapshot.class_days(
        model=model, meter=meter, **reading.where, **span_of(reading.period)
    )
    alone = reading.where["feature"] is not None
    cost = found[BASES[reading.basis]]
    sums = _summed(
        (_day_name(day) if alone else str(feature or NONE), quantity, usd)
        for day, feature, quantity, usd in zip(
            found["day"], found["feature"], found["quantity"], cost, strict=True
        )
    )
    volumes = reading.volumes
    place = volumes.models.index(model), volumes.classes.index(meter)
    bar = _Bar(
        name=f"{class_name(meter)} of {model}", usd=float(volumes.usd[place]),
        days=_days_of(reading.period),
    )  # fmt: skip
    ratio = PER_MILLION if meter.endswith("tokens") else PER_UNIT
    return _table(
        reading, bar, sums, columns=("Day" if alone else "Feature", "Units", ratio),
        where={"model": model}, also=(meter,), dearest_first=not alone,
    )  # fmt: skip


def _mover(reading: Reading, name: str | None) -> Table | None:
    """Open both bars of a name, or of all names without bars of their own (None)."""
    sides = reading.movers
    shown = [one for one, *_ in top_movers(*sides, at_most=MOST_MOVERS)[:MOST_MOVERS]]
    if name is None:
        rest = {*sides[0], *sides[1]} - set(shown)
        parts = [{one: side[one] for one in rest if one in side} for side in sides]
        bars = [math.fsum(part.values()) for part in parts]
        return _beside(reading, f"{len(rest)} others", reading.movers_by.capitalize(), parts, bars)
    if name not in shown:
        return None
    what, parts = _mover_rows(reading, name)
    return _beside(reading, name, what, parts, [side.get(name, 0.0) for side in sides], name=name)


def _beside(
    reading: Reading, label: str, what: str, parts: Sequence[Mapping[str, float]],
    bars: Sequence[float], *, name: str | None = None,
) -> Table:  # fmt: skip
    """Write what both bars of a mover are made of, the rows that moved most first."""
    rows = {one: [part.get(one, 0.0) for part in parts] for one in {**parts[0], **parts[1]}}
    ordered = sorted(rows, key=lambda one: (-abs(rows[one][1] - rows[one][0]), one))
    old, new = (column_that_adds([rows[one][at] for one in ordered], bars[at]) for at in (0, 1))
    cells = list(zip(ordered[:MOST_ROWS], old[0], new[0], strict=False))
    if old[1]:
        cells.append((f"{len(ordered) - MOST_ROWS:,} other rows", old[1], new[1]))
    gaps = [math.fsum(one[at] for one in rows.values()) - bars[at] for at in (0, 1)]
    before, now = _span(reading.period.before), _span(reading.period)
    where = {} if name is None else {reading.movers_by: _null(name)}
    command = sql_command((), {**reading.where, **where}, _days_of(reading.period))
    return Table(
        title=f"Rows behind {label}: {new[2]} USD, {old[2]} before",
        subtitle=f"{_scope(reading)}; {now} beside {before}, USD",
        columns=(what, f"{before}, USD", f"{now}, USD"),
        rows=(*cells, ("Sum of rows", old[2], new[2])), has_total=True,
        foot=f"{exactly(len(rows), max(gaps, key=abs))}. Log rows: {command}",
    )  # fmt: skip


def _mover_rows(reading: Reading, name: str) -> tuple[str, list[dict[str, float]]]:
    """Return what the rows are, and their USD before and now."""
    spans, column = (reading.period.before, reading.period), BASES[reading.basis]
    if reading.movers_by == "feature":
        daily = reading.daily
        return "Model", [
            _by(daily, "model", column, [at for at in rows_of(daily, span) if _is(daily, "feature", at, name)])
            for span in spans
        ]  # fmt: skip
    by_tenant = reading.movers_by == "tenant"
    ask = reading.snapshot.tenant_models if by_tenant else reading.snapshot.token_classes
    found = [ask(**reading.where, **span_of(span)) for span in spans]
    sides = [
        _by(one, "model" if by_tenant else "meter", column,
            [at for at in range(len(one["model"])) if _is(one, reading.movers_by, at, name)])
        for one in found
    ]  # fmt: skip
    if by_tenant:
        return "Model", sides
    return "Token class", [{class_name(one): usd for one, usd in side.items()} for side in sides]


def _is(columns: Columns, by: str, at: int, name: str) -> bool:
    return str(columns[by][at] or NONE) == name


def _size(reading: Reading, size: str) -> Table | None:
    each = next((one for one in reading.images if one[0] == size), None)
    if each is None:
        return None
    _, images, usd = each
    found = image_rows(reading.snapshot, reading.where, reading.period, reading.basis)
    sums = _summed((_day_name(day), n, cost) for day, one, n, cost in sorted(found) if one == size)
    after = f" Divided by {number(images, digits=0)} images it is the bar, {number(usd / images)} USD each."
    bar = _Bar(name=f"{size} images", usd=usd, days=_days_of(reading.period), after=after)
    return _table(
        reading,
        bar,
        sums,
        columns=("Day", "Images", PER_UNIT),
        where={},
        dearest_first=False,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bar:
    name: str
    usd: float
    days: tuple[str, str]
    after: str = ""
    """What the sum is divided by where the bar is a ratio."""
    mixed: bool = False
    """Whether the rows count different things, which have no sum."""


def _table(
    reading: Reading, bar: _Bar, sums: Sums, *, columns: Sequence[str], where: Mapping[str, str | None],
    also: Sequence[str] = (), dearest_first: bool = True,
) -> Table | None:  # fmt: skip
    """Write rows of (quantity, USD), the dearest first or as they come, and their sum."""
    if not sums:
        return None
    names = sorted(sums, key=lambda one: (-abs(sums[one][1] or 0.0), one)) if dearest_first else list(sums)  # fmt: skip
    most = MOST_ROWS if dearest_first else len(names)
    usd, rest_usd, total = column_that_adds([sums[one][1] for one in names], bar.usd, most=most)
    middle = _middle(list(sums.values()), SCALES.get(columns[-1]))
    rows = [(one, *middle(*sums[one]), usd[at]) for at, one in enumerate(names[:most])]
    more = [sums[one] for one in names[most:]]
    if more:
        rest = math.fsum(one[0] for one in more), math.fsum(one[1] or 0.0 for one in more)
        rows.append((f"{len(more):,} other rows", *middle(*rest), rest_usd))
    whole = middle(math.fsum(one[0] for one in sums.values()), bar.usd)
    if bar.mixed:
        whole = ("",)
    gap = math.fsum(one[1] or 0.0 for one in sums.values()) - bar.usd
    command = sql_command(also, {**reading.where, **where}, bar.days)
    return Table(
        title=f"Rows behind {bar.name}: {total} USD", subtitle=f"{_scope(reading)}, USD",
        columns=(*columns, "USD"), rows=(*rows, ("Sum of rows", *whole, total)),
        has_total=True, foot=f"{exactly(len(sums), gap)}.{bar.after} Log rows: {command}",
    )  # fmt: skip


def _middle(
    values: Sequence[tuple[float, float | None]], scale: float | None
) -> Callable[[float, float | None], tuple[str, ...]]:
    """Return what writes the cells between a row's name and its USD: quantity, and price if asked."""
    if scale is None:
        return lambda units, _: (number(units, digits=0),)
    prices = [None if usd is None or not units else usd / units * scale for units, usd in values]
    digits = column_digits(prices)

    def cells(units: float, usd: float | None) -> tuple[str, ...]:
        price = None if usd is None or not units else usd / units * scale
        return number(units, digits=0), number(price, digits=digits)

    return cells


def _summed(rows: Iterable[tuple[str, float, float | None]]) -> Sums:
    """Add up quantity and USD by name; USD stays None where nothing of a name has a price."""
    units: dict[str, list[float]] = defaultdict(list)
    usd: dict[str, list[float]] = defaultdict(list)
    for name, quantity, cost in rows:
        units[name].append(float(quantity))
        usd[name] += [] if cost is None else [float(cost)]
    return {
        name: (math.fsum(listed), math.fsum(usd[name]) if usd[name] else None)
        for name, listed in units.items()
    }


def _by(columns: Columns, by: str, money: str, rows: Sequence[int]) -> dict[str, float]:
    sums: dict[str, float] = defaultdict(float)
    for at in rows:
        if columns[money][at] is not None:
            sums[str(columns[by][at] or NONE)] += float(columns[money][at])
    return dict(sums)


def _null(name: str) -> str:
    return "" if name == NONE else name


def _scope(reading: Reading) -> str:
    feature, environment = reading.where["feature"], reading.where["environment"]
    return f"{feature or 'All features'}, {environment or 'all environments'}, {reading.basis} cost"


def _span(period: Period) -> str:
    if period.first.day == 1 and period.first.month == period.last.month:
        return f"{period.first:%b %Y}"
    return f"{_day_name(period.first.isoformat())} to {_day_name(period.last.isoformat())}"


def _days_of(period: Period) -> tuple[str, str]:
    return period.first.isoformat(), period.last.isoformat()


def _day_name(day: str) -> str:
    on = date.fromisoformat(day)
    return f"{on.day} {MONTHS[on.month - 1]} {on.year}"
