"""What the retention page reads: published volumes, sizes and stores as the model's inputs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any

import numpy as np

from widgets.periods import ALL
from workbench.errors import StoreError, WorkbenchError
from workbench.models.retention.cost import MonthlyCost, Plan, Tier, steady_state
from workbench.models.retention.optimizer import days_elasticity
from workbench.models.retention.path import cost_path_usd
from workbench.models.retention.prices import PricedTier, priced_tiers
from workbench.models.retention.resolver import RecordSeries, Resolution, resolve
from workbench.models.retention.rules import rule_from_row
from workbench.models.retention.sizes import Flow, Packet
from workbench.reference import read_table

NO_LATER_TIER = "none"
EMBEDDING_DIMENSIONS = 1_536
"""Of the what-if: no embedding is measured in a store of usage."""
ASSUMED_COMPRESSION = 3.0
"""Of text, where the store holds none to measure."""
RECORDS_PER_OBJECT = 10_000
PATH_MONTHS = 36
MONTH_DAYS = 30
STORE_TIER = "AWS S3 Standard (us-east-1)"
"""Where the store's own segments are priced: any object store of this class costs about this."""
METERING, TEXT = "metering rows", "prompts and answers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Everything the page needs of one selection."""

    feature: str
    as_of: date
    requests_per_day: float
    text_bytes_per_request: float
    text_is_measured: bool
    metering_bytes: float
    metering_compression: float
    metering_days: int
    resolutions: tuple[Resolution, ...]
    places: tuple[Mapping[str, Any], ...]
    unplaced: int
    """Stores of the dossiers that name no place."""
    classes: Mapping[str, Sequence[str]]
    """Data classes of each feature that leave the meter: prompts, answers and what is in them."""
    sizes: tuple[Mapping[str, Any], ...]
    due: Mapping[str, int]
    certificates: int
    forecast: Mapping[str, Any] | None
    """Running totals of requests by horizon, P10, P50, P90; None without usage."""
    measured: Mapping[str, tuple[float | None, str]]
    notices: tuple[str, ...]


def published(snapshot: Any) -> dict[str, Any]:  # noqa: ANN401 - a Snapshot or a test's
    """Return the published answer.

    Raises
    ------
    WorkbenchError
        If nothing was published, or the answer was refused.
    """
    found = snapshot.document("retention")
    if found is None:
        raise StoreError("Retention was not published.")
    if "refused" in found:
        raise WorkbenchError(f"Retention cannot be answered: {found['refused']}")
    return found


def read(snapshot: Any, values: Mapping[str, Any]) -> Reading:  # noqa: ANN401
    """Read one feature, or all of them."""
    found = published(snapshot)
    feature, as_of = values["feature"], date.fromisoformat(found["as_of"])

    def chosen(name: str) -> list[Mapping[str, Any]]:
        return [one for one in found[name] if feature in (ALL, one["feature"])]

    series = chosen("series")
    requests = sum(one["requests_per_day"] for one in chosen("records"))
    tokens = sum(one["tokens_per_day"] for one in chosen("records"))
    sizes = {one["name"]: one for one in found["sizes"]}
    usage = sizes.get("usage")
    content = [one for one in found["sizes"] if one["name"] not in ("usage", "outcomes")]
    text_bytes = tokens * _bytes_per_token() / requests if requests else 0.0
    if content:
        text_bytes = sum(one["raw_bytes"] for one in content) / sum(
            one.get("requests") or one["rows"] for one in content
        )
    metering_days = _longest(series, metering=True)
    text_days = _text_days(series, chosen("records"))
    packed = _compression(content)
    rules = [rule_from_row(row) for row in read_table("retention_rules")]
    notices = [] if content else [
        "No prompts or answers are in this store: their size is estimated from tokens, at the "
        "characters a token of one English sample, and their compression is assumed."
    ]  # fmt: skip
    if not series:
        notices.append("No dossier states what is kept: periods are assumed, none is compared.")
    return Reading(
        feature=feature, as_of=as_of, requests_per_day=requests,
        text_bytes_per_request=text_bytes, text_is_measured=bool(content),
        metering_bytes=usage["raw_bytes"] / usage["rows"] if usage and usage["rows"] else 0.0,
        metering_compression=_compression([usage] if usage else []) or 1.0,
        metering_days=metering_days or 365,
        resolutions=tuple(_resolved(series, rules, as_of=as_of)),
        places=tuple(chosen("places")),
        unplaced=sum(feature in (ALL, one) for one in found.get("unplaced", ())), classes=_classes(series), sizes=tuple(found["sizes"]),
        due=found["due"], certificates=found["certificates"],
        forecast=_forecast(found, feature),
        measured={
            "days": (float(text_days or 90), "stated in the dossiers, mean over requests" if text_days else "assumed"),
            "compression": (
                min(30.0, packed or ASSUMED_COMPRESSION),
                "measured on the store" if packed else "assumed: the store holds no text",
            ),
        },
        notices=tuple(notices),
    )  # fmt: skip


def _classes(series: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in series:
        if one["data_class"] != "metering":
            found.setdefault(one["feature"], []).append(one["data_class"])
    return found


def _forecast(found: Mapping[str, Any], feature: str) -> Mapping[str, Any] | None:
    wanted = None if feature == ALL else feature
    return next((one for one in found.get("forecasts", ()) if one["feature"] == wanted), None)


def stated_place(snapshot: Any) -> str | None:  # noqa: ANN401 - a Snapshot or a test's
    """Return the place most dossiers keep prompts and answers in, where the prices know it."""
    named = [
        one["kept_in"] for one in published(snapshot)["series"]
        if one.get("kept_in") in places_to_keep() and one["data_class"] != "metering"
    ]  # fmt: skip
    return max(sorted(set(named)), key=named.count, default=None)


def _longest(series: Sequence[Mapping[str, Any]], *, metering: bool) -> int | None:
    days = [
        one["stated_days"] for one in series
        if (one["data_class"] == "metering") == metering and one["stated_days"]
    ]  # fmt: skip
    return max(days, default=None)


def _text_days(
    series: Sequence[Mapping[str, Any]], records: Sequence[Mapping[str, Any]]
) -> int | None:
    """Return how long text is kept: the mean over requests of each feature's longest period."""
    days = weight = 0.0
    for one in records:
        longest = _longest([s for s in series if s["feature"] == one["feature"]], metering=False)
        if longest is not None:
            days += longest * one["requests_per_day"]
            weight += one["requests_per_day"]
    return round(days / weight) if weight else _longest(series, metering=False)


def _compression(sizes: Sequence[Mapping[str, Any]]) -> float | None:
    stored = sum(one["stored_bytes"] for one in sizes)
    return sum(one["raw_bytes"] for one in sizes) / stored if stored else None


def _bytes_per_token() -> float:
    rows = {(row["tokenizer"], row["text_kind"]): row for row in read_table("tokenizer_ratios")}
    return float(rows["openai_o200k", "english_prose"]["characters_per_token"])


def _resolved(
    series: Sequence[Mapping[str, Any]], rules: Sequence[Any], *, as_of: date
) -> list[Resolution]:
    """Resolve each different series once; features that keep the same share a lane."""
    found: dict[tuple[Any, ...], RecordSeries] = {}
    for one in series:
        made = RecordSeries(
            store=f"{one['store']}: {one['data_class']}",
            record_classes=frozenset(one["record_classes"]),
            jurisdictions=frozenset(one["jurisdictions"]),
            sectors=frozenset(one["sectors"]), holders=frozenset(one["holders"]),
            region=one["region"], stated_days=one["stated_days"], on_hold=one["on_hold"],
        )  # fmt: skip
        key = (made.store, made.stated_days)
        before = found.get(key)
        found[key] = made if before is None else replace(
            before,
            record_classes=before.record_classes | made.record_classes,
            jurisdictions=before.jurisdictions | made.jurisdictions,
            sectors=before.sectors | made.sectors, holders=before.holders | made.holders,
            on_hold=before.on_hold or made.on_hold,
        )  # fmt: skip
    return [resolve(one, rules, as_of=as_of) for one in found.values()]


def places_to_keep() -> dict[str, PricedTier]:
    """Return every priced place by its label."""
    found = priced_tiers(read_table("storage_prices"), raw_bytes_per_record=10_000)
    return {one.label: one for one in found}


@dataclass(frozen=True, slots=True, kw_only=True)
class Costed:
    """One setting of the sliders, costed."""

    month: MonthlyCost
    by_class: Mapping[str, MonthlyCost]
    path_by_class: dict[str, Sequence[float]]
    path_by_tier: dict[str, Sequence[float]]
    path_expected: Any
    """P10, P50 and P90 of each month under the usage forecast, shape (3, months); or None."""
    elasticity: float
    text_flow: Flow
    unconfirmed: tuple[str, ...]


def requests_a_day(reading: Reading, values: Mapping[str, Any]) -> float:
    """Return the volume to be costed: what was logged times a factor, or a million a month."""
    if values["volume"] == "million":
        return 1e6 / MONTH_DAYS
    return reading.requests_per_day * float(values["volume"])


def usual_volume(logged_per_day: float) -> str:
    """Return the volume a page opens with: a million a month where fewer requests are logged."""
    return "million" if logged_per_day * MONTH_DAYS < 1e6 else "1"


def costed(reading: Reading, values: Mapping[str, Any]) -> Costed:
    """Return what one setting costs: the steady month, and the way to it."""
    places = places_to_keep()
    labels = [values["tier"], *([values["later"]] if values["later"] != NO_LATER_TIER else [])]
    tiers = tuple(replace(places[label].tier, name=label) for label in labels)
    starts = (0, int(values["later_from"]))[: len(tiers)]
    volume = requests_a_day(reading, values)
    text = Packet(
        text_bytes=reading.text_bytes_per_request,
        embedding_dimensions=0 if values["precision"] == "none" else EMBEDDING_DIMENSIONS,
        precision=values["precision"],
    )
    flows = {
        METERING: Flow(
            records_per_day=volume, packet=Packet(text_bytes=reading.metering_bytes),
            compression=reading.metering_compression, records_per_object=RECORDS_PER_OBJECT,
        ),
        TEXT: Flow(
            records_per_day=volume, packet=text, compression=values["compression"],
            sampling=values["sampling"], records_per_object=RECORDS_PER_OBJECT,
        ),
    }  # fmt: skip
    own = (replace(places[STORE_TIER].tier, name=STORE_TIER),)
    plans = {
        METERING: Plan(tiers=own, starts=(0,), period_days=reading.metering_days),
        TEXT: Plan(tiers=tiers, starts=starts, period_days=max(1, int(values["days"]))),
    }
    months = {name: steady_state(flow, plans[name]) for name, flow in flows.items()}
    month = _together(list(months.values()))
    weights = [
        one.total_usd * days_elasticity(flows[name], plans[name]) for name, one in months.items()
    ]
    by_tier: dict[str, Any] = {}
    for name, plan in plans.items():
        for place, tier in enumerate(plan.tiers):
            path = _path(flows[name], _only(plan, place))
            by_tier[tier.name] = by_tier.get(tier.name, 0.0) + path
    scenarios = _scenarios(reading)
    expected = None if scenarios is None else sum(
        _path(flows[name], plans[name], scenarios) for name in flows
    )  # fmt: skip
    return Costed(
        month=month, by_class=months,
        path_by_class={name: _path(flows[name], plans[name]).tolist() for name in flows},
        path_by_tier={name: path.tolist() for name, path in by_tier.items()},
        path_expected=expected,
        elasticity=sum(weights) / month.total_usd if month.total_usd else 0.0,
        text_flow=flows[TEXT],
        unconfirmed=tuple(label for label in labels if not places[label].may_lead),
    )  # fmt: skip


def _only(plan: Plan, place: int) -> Plan:
    """Return the plan with every other tier free, to see what one tier costs."""
    tiers = tuple(
        tier if index == place else Tier(name=tier.name, usd_per_gb_month=0.0)
        for index, tier in enumerate(plan.tiers)
    )
    return replace(plan, tiers=tiers)


def _path(flow: Flow, plan: Plan, volume: Any = None) -> Any:  # noqa: ANN401 - arrays of months
    """Return the cost of each month of 30 days; the volume held flat where none is given."""
    days = np.ones(PATH_MONTHS * MONTH_DAYS) if volume is None else volume
    usd = cost_path_usd(flow, plan, days)
    return usd.reshape(*usd.shape[:-1], PATH_MONTHS, MONTH_DAYS).sum(axis=-1)


def _scenarios(reading: Reading) -> Any:  # noqa: ANN401 - an array, or None
    """Return the volume of each day at P10, P50 and P90, against the last 30 days; (3, days).

    The forecast's running totals give the volume between its horizons; after the last one it is
    held flat. Low stays low and high stays high, so the quantiles of the cost are those of usage.
    """
    if reading.forecast is None or not reading.requests_per_day:
        return None
    totals = np.array(reading.forecast["totals"]).T
    ends = np.array(reading.forecast["horizons_days"])
    steps = np.diff(totals, axis=1, prepend=0.0) / np.diff(ends, prepend=0)
    lengths = np.diff(ends, prepend=0)
    daily = np.repeat(steps / reading.requests_per_day, lengths, axis=1)
    held = np.repeat(daily[:, -1:], PATH_MONTHS * MONTH_DAYS - daily.shape[1], axis=1)
    return np.maximum(np.concatenate([daily, held], axis=1), 0.0)


def _together(months: Sequence[MonthlyCost]) -> MonthlyCost:
    """Return the sum of months, cause by cause; their tiers stand beside each other."""
    summed: dict[str, Any] = {}
    for one in fields(MonthlyCost):
        found = [getattr(month, one.name) for month in months]
        by_tier = isinstance(found[0], tuple)
        summed[one.name] = tuple(gb for part in found for gb in part) if by_tier else sum(found)
    return MonthlyCost(**summed)
