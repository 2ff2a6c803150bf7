"""Does a feature still behave in production? Latency, burn, cost, errors and drift on one page."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from widgets.monitoring_opened import behind
from widgets.page import Choice, Control, Page, Section, Snapshot, Values, day
from widgets.periods import ALL, Columns, Period, is_month, periods, span_of
from workbench.figures import monitoring as figures
from workbench.figures.caption import Caption
from workbench.figures.cards import Chart, View
from workbench.models.monitoring.cost import robust_jumps
from workbench.models.monitoring.latency import Percentile, binned_percentile_bands

PRODUCTION = "production"


def page(snapshot: Snapshot | None = None) -> Page:
    """Return the page on the workspace's current snapshot, or on the one given."""
    return Page(
        question="monitoring",
        controls=controls,
        load=load,
        draw=draw,
        behind=behind,
        snapshot=snapshot,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Health:
    """What the page needs of one feature and model over one period."""

    feature: str
    model: str
    period: Period
    as_of: str
    found: Mapping[str, Any]
    """What publishing computed from raw requests of the feature; empty where it did not."""
    whole: tuple[Percentile, ...]
    """Percentiles over the whole period; empty where no latency was logged."""
    days: tuple[str, ...]
    percentiles: tuple[tuple[Percentile, ...], ...]
    cost_days: tuple[str, ...]
    usd_each: tuple[float, ...]
    errors: Mapping[str, tuple[int, int]]
    """Errors and requests by day."""
    unpriced: int
    environment: str | None
    daily: Columns
    """Cost by day and model of the feature there, all days."""


def controls(snapshot: Any) -> list[Control]:  # noqa: ANN401 - a Snapshot or a test's
    """Return the inputs: feature, model, days."""
    features = snapshot.features()
    daily = snapshot.daily()
    models = sorted({str(name) for name in daily["model"] if name})
    spans = [p.name for p in periods(snapshot.state())]
    asked = next((name for name in spans if name == "Last 90 days"), spans[0])
    usd: dict[str, float] = {}
    for name, value in zip(daily["feature"], daily["contract_cost_usd"], strict=True):
        usd[str(name)] = usd.get(str(name), 0.0) + (value or 0.0)
    return [
        Section("Show"),
        Choice(
            name="feature", label="Feature", options=[(name, name) for name in features],
            value=max(features, key=lambda name: usd.get(name, 0.0)) if features else None,
        ),
        Choice(name="model", label="Model", options=[("All models", ALL), *((m, m) for m in models)]),
        Choice(name="period", label="Period", value=asked, options=[(name, name) for name in spans]),
    ]  # fmt: skip


def load(snapshot: Any, values: Values) -> Health:  # noqa: ANN401
    """Read the rollups of one feature and model, and what publishing found in raw requests."""
    feature, model = str(values["feature"]), str(values["model"])
    period = next(p for p in periods(snapshot.state()) if p.name == values["period"])
    latency = snapshot.latency(
        feature=feature, model=None if model == ALL else model, **span_of(period)
    )
    bins: dict[str, dict[int, int]] = {}
    for on, place, count in zip(latency["day"], latency["bin"], latency["requests"], strict=True):
        mine = bins.setdefault(on, {})
        mine[place] = mine.get(place, 0) + count
    total: dict[int, int] = {}
    for mine in bins.values():
        for place, count in mine.items():
            total[place] = total.get(place, 0) + count
    production = PRODUCTION if PRODUCTION in snapshot.environments() else None
    daily = snapshot.daily(feature=feature, environment=production)
    usd, errors, unpriced = _by_day(daily, model=model, period=period)
    report = snapshot.document("monitoring") or {}
    found = next((f for f in report.get("features", []) if f["feature"] == feature), {})
    each = {on: cost / errors[on][1] for on, cost in usd.items() if cost and errors[on][1]}
    return Health(
        feature=feature, model=model, period=period, as_of=str(snapshot.state()["as_of"]),
        found=found, whole=_percentiles(total), days=tuple(bins),
        percentiles=tuple(_percentiles(mine) for mine in bins.values()),
        cost_days=tuple(each), usd_each=tuple(each.values()), errors=errors, unpriced=unpriced,
        environment=production, daily=daily,
    )  # fmt: skip


def _percentiles(counts: Mapping[int, int]) -> tuple[Percentile, ...]:
    return binned_percentile_bands(list(counts), list(counts.values())) if counts else ()


def _by_day(
    daily: Columns, *, model: str, period: Period
) -> tuple[dict[str, float], dict[str, tuple[int, int]], int]:
    """Return cost, errors and requests by day; a day with an unpriced request has no cost."""
    usd: dict[str, float] = {}
    errors: dict[str, tuple[int, int]] = {}
    short: set[str] = set()
    unpriced = 0
    for i, on in enumerate(daily["day"]):
        if not period.holds(on) or model not in (ALL, daily["model"][i]):
            continue
        lacking = daily["unpriced_requests"][i] + daily["partial_requests"][i]
        unpriced += lacking
        if lacking:
            short.add(on)
        usd[on] = usd.get(on, 0.0) + (daily["contract_cost_usd"][i] or 0.0)
        bad, seen = errors.get(on, (0, 0))
        errors[on] = (bad + daily["errors"][i], seen + daily["requests"][i])
    return {on: cost for on, cost in usd.items() if on not in short}, errors, unpriced


def draw(data: Health, _: Values) -> View:
    """Return all the page shows."""
    if not data.errors:
        return View(
            answer=f"{data.feature} has no production request in this selection.",
            scope=_scope(data), notice="Choose a longer period or another model.",
        )  # fmt: skip
    bad, seen = (sum(pair[place] for pair in data.errors.values()) for place in (0, 1))
    return View(
        answer=figures.answer(data.feature, data.found, whole=data.whole, errors=bad, requests=seen),
        scope=_scope(data),
        notice=_notice(data),
        tiles=figures.tiles(
            data.found, whole=data.whole, errors=bad, requests=seen, as_of=f"as of {day(data.as_of)}",
            p95_by_day=[p[1].ms for p in data.percentiles],
            error_share_by_day=[b / n if n else None for b, n in data.errors.values()],
        ),
        cards=(_latency(data), _burn(data), _cost(data), _errors(data), _table(data)),
        details=(_accuracy(data), _drift(data)),
    )  # fmt: skip


def _scope(data: Health) -> str:
    model = "all models" if data.model == ALL else data.model
    period = data.period.name
    if not is_month(data.period):
        period = period[0].lower() + period[1:]
    return f"{data.feature}, {model}, {period}, UTC days"


def _notice(data: Health) -> str:
    if not data.unpriced:
        return ""
    return f"{data.unpriced:,} requests have no full price: their days are left out of cost per request."


def _latency(data: Health) -> Chart:
    promised = (data.found.get("promised") or {}).get("latency_p95_ms")
    return figures.latency(
        Caption(
            title=figures.latency_title(data.whole, limit_ms=promised),
            subtitle="Seconds by day, all environments, with the 95 % bootstrap band of p95",
            unit="s", foot=figures.latency_foot(data.percentiles), span="half",
        ),
        days=data.days, percentiles=data.percentiles, objective_ms=promised,
    )  # fmt: skip


def _burn(data: Health) -> Chart:
    burn: Mapping[str, Any] = data.found.get("burn") or {"missing": "publish again"}
    paged = [r for r in burn.get("rules", []) if r["paged_minutes"]]
    title = "The error budget did not page this week"
    if paged:
        minutes = ", ".join(f"{r['paged_minutes']} min above {r['rate']:g}" for r in paged)
        title = f"The error budget paged this week: {minutes}"
    return figures.burn(
        Caption(
            title="No burn rate: " + burn["missing"] if "missing" in burn else title,
            subtitle="Times the even pace of the error budget, trailing windows, all models, production",
            unit="x", foot="Pages when the short window (5 and 30 min) burns as fast", span="half",
        ),
        minutes=[f"{datetime.fromisoformat(at):%-d %b %H h}" for at in burn.get("at", [])], burn_rates=burn.get("burns", {}),
    )  # fmt: skip


def _cost(data: Health) -> Chart:
    last = set(data.cost_days[-7:])
    jumps = [data.cost_days[place] for place in robust_jumps(data.usd_each)]
    title = figures.cost_title(data.usd_each, jumped_on=[day(on) for on in jumps if on in last])
    earlier = len(jumps) - sum(on in last for on in jumps)
    return figures.cost_per_request(
        Caption(
            title=title, subtitle="Contract cost per production request by day and its weighted average "
            "(EWMA, 0.2), {unit}",
            foot="A jump is more than 3 robust deviations above 28 days"
            f"; {earlier} of {len(data.usd_each)} earlier days stood out so", span="half",
        ),
        days=data.cost_days, usd=data.usd_each,
    )  # fmt: skip


def _errors(data: Health) -> Chart:
    accepted = (data.found.get("promised") or {}).get("availability")
    days = list(data.errors)
    return figures.error_share(
        Caption(
            title=figures.errors_title([day(one) for one in days], list(data.errors.values())),
            subtitle="% of production requests that ended in an error, by day and over 7 days", unit="%",
            foot="Every attempt counts, retries too", span="half",
        ),
        days=days, counts=list(data.errors.values()), promised=None if accepted is None else 100 * (1 - accepted),
    )  # fmt: skip


def _table(data: Health) -> Any:  # noqa: ANN401
    rows = [row for row in data.found.get("health", []) if data.model in (ALL, row["model"])]
    return figures.health_table(rows, subtitle=f"Production, 30 days to {day(data.as_of)}")


def _accuracy(data: Health) -> Chart:
    found: Mapping[str, Any] = data.found.get("accuracy") or {"missing": "publish again"}
    since = found.get("worse_since")
    title = "Labelled errors hold their accepted rate" if not since else (
        f"Labelled errors have been above their accepted rate since {day(since)}"
    )  # fmt: skip
    return figures.error_cusum(
        Caption(
            title="No accuracy signal: " + found["missing"] if "missing" in found else title,
            subtitle="CUSUM of the labelled error rate, in sigma (k 0.5, h 5), batches of 20 and more",
            unit="", span="half",
        ),
        batches=found.get("batches", []), worse=found.get("worse", []), better=found.get("better", []),
    )  # fmt: skip


def _drift(data: Health) -> Chart:
    found: Mapping[str, Any] = data.found.get("drift") or {"missing": "publish again"}
    title = "Inputs, last 7 days against 28 before"
    return figures.drift(
        Caption(
            title="No drift index: " + found["missing"] if "missing" in found else title,
            subtitle="Population stability index", unit="", span="half",
        ),
        psi={name: one["psi"] for name, one in found.get("indices", {}).items()},
    )  # fmt: skip
