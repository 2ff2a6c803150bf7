"""What leadership asks first: spend, pace, cost of a unit, trust. Every number leads on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from widgets import variance_data, variance_opened
from widgets.overview_answers import answered, bridge_of, outlook_of, units_of
from widgets.page import Page, Snapshot, Values, day
from widgets.periods import ALL, Columns, Period, last_day, periods, rows_of
from widgets.unit_economics_data import Reading, read, unit_of
from workbench.figures import overview as figures
from workbench.figures import overview_answers as others
from workbench.figures.cards import Chart, Table, Tile, View
from workbench.models.overview import MonthToDate, month_to_date
from workbench.models.unit_economics import daily_trend, unit_costs

PRODUCTION = "production"


def page(snapshot: Snapshot | None = None) -> Page:
    """Return the page on the workspace's current snapshot, or on the one given."""
    return Page(question="overview", load=load, draw=draw, behind=behind, snapshot=snapshot)


def behind(data: "Headline", key: str) -> Table | None:
    """Open a bar of the bridge: the rows the variance page has for the same two months."""
    return variance_opened.behind(data.why(), key)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Headline:
    """What the overview needs of a snapshot."""

    month: MonthToDate
    daily_usd: Mapping[date, float]
    requests: float
    unpriced: float | None
    by_feature: tuple[Mapping[str, float], Mapping[str, float]]
    unit: Reading
    requests_by_feature: Mapping[str, float]
    outlook: others.Outlook | None = None
    answered: tuple[Tile, ...] = ()
    bridge: Chart | None = None
    units: Chart | None = None
    why: Callable[[], variance_data.Reading]
    """Reads the newest two months as the variance page does; asked when a bar is opened."""


def load(snapshot: Any, _: Values) -> Headline:  # noqa: ANN401 - a Snapshot or a test's
    """Read what all features cost, as invoices and budgets see it, and the leading unit of value.

    Spend is of all environments, as the bridge and the envelope beside it; a unit of value is
    made in production.
    """
    state = snapshot.state()
    as_of = last_day(state)
    environment = PRODUCTION if PRODUCTION in snapshot.environments() else ALL
    daily = snapshot.daily()
    usd = _by_day(daily)
    first = min(usd, default=as_of)
    usd = {first + timedelta(days=n): 0.0 for n in range((as_of - first).days + 1)} | usd
    this = Period(name="", first=as_of.replace(day=1), last=as_of)
    end = this.first - timedelta(days=1)
    same = Period(
        name="", first=end.replace(day=1), last=min(end, end.replace(day=min(as_of.day, end.day)))
    )
    requests, short = _counted(daily, this)
    unit = read(snapshot, _leading(daily, snapshot, environment))
    outlook = outlook_of(snapshot)
    features = _by_feature(daily, this)
    return Headline(
        month=month_to_date(usd, as_of=as_of), daily_usd=usd, requests=requests,
        unpriced=short / requests if requests else None,
        by_feature=(_by_feature(daily, same), features),
        requests_by_feature=_by_feature(daily, this, column="requests"),
        unit=unit, outlook=outlook, answered=answered(snapshot, outlook),
        why=lambda: variance_data.newest(snapshot), bridge=bridge_of(snapshot), units=units_of(snapshot, unit, features),
    )  # fmt: skip


def _leading(daily: Columns, snapshot: Any, environment: str) -> dict[str, str]:  # noqa: ANN401
    """Return the selection whose cost per unit leads: the dearest feature with outcomes."""
    usd = _by_feature(daily, None)
    dossiers = snapshot.dossiers()
    resolved = [f for f in usd if unit_of(dossiers, f).counted_by == "resolved"]
    feature = (resolved or list(usd) or [ALL])[0]
    month = periods(snapshot.state())[0].name
    return {"feature": feature, "environment": environment, "period": month, "basis": "contract"}


def _by_day(daily: Columns) -> dict[date, float]:
    sums: dict[date, float] = {}
    for text, usd in zip(daily["day"], daily["contract_cost_usd"], strict=True):
        at = date.fromisoformat(text)
        sums[at] = sums.get(at, 0.0) + (usd or 0.0)
    return sums


def _by_feature(
    daily: Columns, period: Period | None, *, column: str = "contract_cost_usd"
) -> dict[str, float]:
    rows = range(len(daily["day"])) if period is None else rows_of(daily, period)
    sums: dict[str, float] = {}
    for i in rows:
        key = str(daily["feature"][i] or "(none)")
        sums[key] = sums.get(key, 0.0) + (daily[column][i] or 0.0)
    return dict(sorted(sums.items(), key=lambda item: -item[1]))


def _counted(daily: Columns, period: Period) -> tuple[float, float]:
    rows = rows_of(daily, period)
    short = sum(daily["unpriced_requests"][i] + daily["partial_requests"][i] for i in rows)
    return float(sum(daily["requests"][i] for i in rows)), float(short)


def draw(data: Headline, _: Values) -> View:
    """Return all the page shows."""
    month, unit = data.month, data.unit
    costs = unit_costs(unit.counts)
    first = month.as_of.replace(day=1)
    before_first = (first - timedelta(days=1)).replace(day=1)
    names = (f"{before_first:%b}", f"{month.as_of:%b}")
    this = [data.daily_usd.get(first + timedelta(days=n), 0.0) for n in range(month.as_of.day)]
    length = (first - before_first).days
    previous = [data.daily_usd.get(before_first + timedelta(days=n)) for n in range(length)]
    ordered = sorted(data.daily_usd)
    trend = daily_trend(
        [d.isoformat() for d in ordered], [data.daily_usd[d] for d in ordered], [1.0] * len(ordered)
    )
    labels = [(first + timedelta(days=n)).isoformat() for n in range(month.days_in_month)]
    past = [unit_costs(counts).fully_loaded_usd for _, counts in unit.months]
    month_so_far = figures.month_trend(labels, this, previous, month=month)
    by_feature = figures.daily_by_feature(*data.by_feature, names)
    long = figures.long_trend([d for d, *_ in trend], [week for *_, week in trend])
    fan = others.outlook_fan(data.outlook) if data.outlook and data.outlook.by_month else None
    told = figures.answer(
        month,
        unit=unit.unit.name,
        each_usd=costs.fully_loaded_usd,
        unpriced=data.unpriced,
        people_counted=costs.all_human_usd is not None,
    )
    first_choice = (fan, data.bridge, data.units)
    instead = (month_so_far, by_feature, long)
    return View(
        answer=others.answer(data.outlook) if data.outlook else told,
        scope="All features and environments, contract cost in US dollars, UTC days"
        + (f". {told}" if data.outlook else ""),
        tiles=figures.tiles(
            month, daily=this, unpriced=data.unpriced, requests=data.requests,
            unit=(unit.feature, unit.unit.name, costs.fully_loaded_usd, past),
            as_of=f"as of {day(unit.as_of)}", answered=data.answered,
        ),
        cards=(
            *(chart or other for chart, other in zip(first_choice, instead, strict=True)),
            figures.movers_table(*data.by_feature, names, requests=data.requests_by_feature),
        ),
        details=tuple(other for chart, other in zip(first_choice, instead, strict=True) if chart),
    )  # fmt: skip
