"""What keeping records costs and what the law asks: the page. Inputs, one sentence, figures."""

from dataclasses import replace
from typing import Any

from widgets.page import Choice, Control, Page, Section, Slider, Snapshot, Values, day
from widgets.periods import ALL
from widgets.retention_data import (
    EMBEDDING_DIMENSIONS,
    MONTH_DAYS,
    NO_LATER_TIER,
    PATH_MONTHS,
    TEXT,
    Costed,
    Reading,
    costed,
    places_to_keep,
    published,
    read,
    requests_a_day,
    stated_place,
    usual_volume,
)
from widgets.retention_places import data_matrix, places_table
from workbench.figures import retention as figures
from workbench.figures.caption import Caption
from workbench.figures.cards import Chart, Table, Tile, View
from workbench.figures.theme import money, money_parts, number, percent
from workbench.models.retention.optimizer import Choices, Limits, Optimum, optimize, two_stage_plans

FIRST_TIER = "AWS S3 Standard (us-east-1)"
GRID_TIERS = (
    "AWS S3 Standard (us-east-1)", "AWS S3 Standard-IA (us-east-1)",
    "AWS S3 Glacier Instant Retrieval (us-east-1)", "AWS S3 Glacier Deep Archive (us-east-1)",
    "GCP Cloud Storage Standard (europe-west1)", "GCP Cloud Storage Archive (europe-west1)",
    "AWS CloudWatch Logs Standard class (us-east-1)", "Azure Monitor Logs Analytics (East US)",
)  # fmt: skip
VOLUMES = (
    ("as logged", "1"), ("× 10", "10"), ("× 100", "100"), ("× 1,000", "1000"),
    ("1 million requests a month", "million"),
)  # fmt: skip
SPLITS = (("data class", "class"), ("tier", "tier"), ("forecast, P10–P90", "forecast"))
PRECISIONS = (
    ("no embeddings", "none"), ("float32", "float32"), ("float16", "float16"), ("int8", "int8"),
    ("binary", "binary"),
)  # fmt: skip


def page(snapshot: Snapshot | None = None) -> Page:
    """Return the page on the workspace's current snapshot, or on the one given."""
    return Page(question="retention", controls=controls, load=read, draw=draw, snapshot=snapshot)


def controls(snapshot: Any) -> list[Control]:  # noqa: ANN401 - a Snapshot or a test's
    """Return the inputs: whose records, where they lie, and what if."""
    found = published(snapshot)
    features = sorted({one["feature"] for one in found["records"]} - {""})
    logged = sum(one["requests_per_day"] for one in found["records"])
    labels = list(places_to_keep())
    stated = stated_place(snapshot)
    return [
        Section("Show"),
        Choice(
            name="feature", label="Feature",
            options=[("All features", ALL), *((one, one) for one in features)],
        ),
        Choice(name="split", label="Cost over time by", options=SPLITS),
        Choice(name="volume", label="Volume", options=VOLUMES, value=usual_volume(logged),
               note=f"logged: {number(logged)} requests a day, all features"),
        Section("What if"),
        Choice(name="tier", label="Text kept in", options=[(one, one) for one in labels],
               value=stated or FIRST_TIER, note="as the dossiers say" if stated else "assumed"),
        Choice(
            name="later", label="Moved to",
            options=[("nowhere", NO_LATER_TIER), *((one, one) for one in labels)],
        ),
        Slider(name="later_from", label="Moved at age, days", value=90, low=30, high=365, step=5, format=".0f"),
        Slider(name="days", label="Text kept, days", value=90, low=5, high=3_650, step=5, format=".0f"),
        Slider(name="sampling", label="Text kept, share", value=1, low=0.01, high=1, step=0.01),
        Slider(name="compression", label="Text compression", value=3, low=1, high=30, step=0.1, format=".1f"),
        Choice(name="precision", label="Embeddings", options=PRECISIONS,
               note=f"{EMBEDDING_DIMENSIONS} dimensions a record"),
    ]  # fmt: skip


def draw(reading: Reading, values: Values) -> View:
    """Return all the page shows for one setting of its inputs."""
    found = costed(reading, values)
    as_of = f"as of {day(reading.as_of)}"
    optimum = _optimum(reading, found, values)
    notices = [
        *reading.notices,
        *(f"The price of {one} is not confirmed." for one in found.unconfirmed),
    ]
    return View(
        answer=figures.answer(
            found.month, elasticity=found.elasticity,
            usd_per_million=_per_million(reading, found, values),
            usd_logged=_logged_usd(reading, found, values),
        ),
        scope=(
            f"{'All features' if reading.feature == ALL else reading.feature}, "
            f"{_volume(reading, values)}, list prices in US dollars"
        ),
        notice=" ".join(notices),
        tiles=_tiles(reading, found, values, as_of),
        cards=(
            _cost_over_time(reading, found, values),
            figures.causes(
                Caption(title=_largest(found), subtitle="A month in steady state by cause, {unit}",
                        foot="modelled from measured volumes and list prices", span="narrow"),
                month=found.month,
            ),
            figures.law_bands(
                Caption(title=_law(reading), subtitle="Band: days the law allows from each trigger · mark: the stated period, orange outside its band",
                        foot=f"{as_of}; not legal advice"),
                resolutions=reading.resolutions,
            ),
            data_matrix(reading),
            places_table(reading),
        ),
        details=(
            places_table(reading, whole=True),
            figures.constraint_costs(
                Caption(title=_constraint(optimum, found), subtitle="What each limit costs on text, {unit} a month",
                        foot=f"{optimum.considered:,} policies costed"),
                optimum=optimum,
            ),
            figures.conflicts(reading.resolutions, title="What is open in law", subtitle=as_of),
            _sizes(reading),
            figures.policies(optimum, title="The cheapest ways to keep the text", subtitle="Inside the limits, list prices"),
        ),
    )  # fmt: skip


def _cost_over_time(reading: Reading, found: Costed, values: Values) -> Chart:
    """Draw the way to the steady state: by class, by tier, or with its uncertainty."""
    months = [_month_after(reading, n) for n in range(PATH_MONTHS)]
    if values["split"] == "forecast" and found.path_expected is not None:
        return _forecast_chart(reading, found, months)
    by_class = values["split"] == "class"
    paths = found.path_by_class if by_class else found.path_by_tier
    caption = Caption(
        title=f"In {PATH_MONTHS} months a month costs {money(sum(path[-1] for path in paths.values()))}",
        subtitle=f"Cost a month from an empty store by {'data class' if by_class else 'tier'}, {{unit}}",
        foot="modelled: volume held flat, every month 30 days",
        span="wide",
    )
    return figures.cost_over_time(caption, months=months, usd_by_tier=paths)


def _forecast_chart(reading: Reading, found: Costed, months: list[str]) -> Chart:
    p10, p50, p90 = (path.tolist() for path in found.path_expected)
    sure = reading.forecast is not None and reading.forecast["calibrated"]
    caption = Caption(
        title=f"In {PATH_MONTHS} months a month costs {money(p10[-1])} to {money(p90[-1])}",
        subtitle="Cost a month from an empty store under the usage forecast, {unit}",
        foot="forecast to day 90 from past errors of such totals"
        + ("" if sure else ", of which there are few")
        + "; then held flat",
        span="wide",
    )
    return figures.cost_band(caption, months=months, p10=p10, p50=p50, p90=p90)


def _month_after(reading: Reading, months: int) -> str:
    years, index = divmod(reading.as_of.year * 12 + reading.as_of.month + months, 12)
    return f"{years:04d}-{index + 1:02d}"


def _largest(found: Costed) -> str:
    usd, name = max((getattr(found.month, field), name) for field, name in figures.CAUSES)
    share = usd / found.month.total_usd if found.month.total_usd else None
    return f"{name.capitalize()} is {percent(share)} of the month"


def _law(reading: Reading) -> str:
    conflicts = len(figures.conflicting(reading.resolutions))
    broken = sum(
        any(f.subject == "stated period" and f.verdict == "fail" for f in one.findings)
        and one not in figures.conflicting(reading.resolutions)
        for one in reading.resolutions
    )
    unnamed = sum(one.verdict == "no number in law" for one in reading.resolutions)
    if conflicts:
        told = f"{conflicts} of {len(reading.resolutions)} classes cannot meet every rule"
        return f"{told}, {broken} kept too briefly or too long" if broken else told
    if broken:
        return f"{broken} of {len(reading.resolutions)} classes are kept too briefly or too long"
    if unnamed:
        return f"For {unnamed} of {len(reading.resolutions)} classes the law names no number"
    return "Every class has a period inside the law"


def _constraint(optimum: Optimum, found: Costed) -> str:
    """Say what another place would cost where that is the news, else the dearest limit."""
    now = found.by_class[TEXT].total_usd
    if optimum.best and optimum.best[0].month.total_usd < now / 2:
        cheapest = money(optimum.best[0].month.total_usd)
        return (
            f"The cheapest place inside the limits keeps the text for {cheapest}, not {money(now)}"
        )
    priced = {k: v for k, v in optimum.usd_per_month_by_constraint.items() if v}
    if not priced:
        return "No limit makes keeping the text dearer"
    name, usd = max(priced.items(), key=lambda one: one[1])
    return f"The dearest limit, {name.replace('_', ' ')}, costs {money(usd)} a month"


def _optimum(reading: Reading, found: Costed, values: Values) -> Optimum:
    """Search a small grid for the text: tiers, periods, packing, sampling, precision."""
    places = places_to_keep()
    tiers = [replace(places[label].tier, name=label) for label in GRID_TIERS]
    days = max(1, int(values["days"]))
    lower, upper = _text_bounds(reading)
    choices = Choices(
        plans=two_stage_plans(tiers, ages_days=(30, 90)),
        periods_days=tuple(sorted({days, max(1, days // 2), *([lower] if lower else [])})),
        records_per_object=(1.0, 10_000.0), samplings=(1.0, 0.1),
        precisions=tuple(dict.fromkeys((values["precision"], "int8" if values["precision"] != "none" else "none"))),
        unconfirmed=frozenset(label for label, place in places.items() if not place.may_lead),
    )  # fmt: skip
    limits = Limits(
        lower_days=lower, upper_days=upper, stated_days=days,
        smallest_sampling=values["sampling"] if values["sampling"] >= 0.1 else 0.0,
    )  # fmt: skip
    return optimize(replace(found.text_flow, sampling=1.0), choices, limits)


def _text_bounds(reading: Reading) -> tuple[int | None, int | None]:
    """Return the bounds that hold for all text shown: what binds one class binds not the others."""
    lowers, uppers = [], []
    for one in reading.resolutions:
        if one.series.store.startswith("usage"):
            continue
        lowers.append(max((band.lower.days for band in one.bands if band.lower), default=0))
        feasible = [band for band in one.bands if band.verdict == "feasible"]
        uppers.append(min((band.upper.days for band in feasible if band.upper), default=None))
    named = [days for days in uppers if days is not None]
    alone = len(named) == len(uppers) and named
    return min(lowers, default=0) or None, max(named) if alone else None


def _tiles(reading: Reading, found: Costed, values: Values, as_of: str) -> tuple[Tile, ...]:
    """Return the page's tiles; what is due takes the place of series on hold where none is."""
    expected = None
    if found.path_expected is not None:
        expected = (float(found.path_expected[0][-1]), float(found.path_expected[2][-1]))
    made = figures.tiles(found.month, reading.resolutions, as_of=as_of, expected=expected)
    usage = next((one for one in reading.sizes if one["name"] == "usage"), None)
    measured = Tile(
        label="A metering row on disk", unit="bytes", foot="measured",
        value=number(usage["stored_bytes"] / usage["rows"]) if usage and usage["rows"] else "n/a",
        delta=f"● {number(reading.metering_compression, digits=1)}\u00a0:\u00a01 compressed",
    )  # fmt: skip
    held = any(one.series.on_hold for one in reading.resolutions)
    unstated = any(one.series.stated_days is None for one in reading.resolutions)
    value, unit = money_parts(_per_million(reading, found, values))
    logged = (
        f"● {money(_logged_usd(reading, found, values) * figures.MONTHS_A_YEAR)} a year as logged"
    )
    each = Tile(
        label="Per million requests", value=value, unit=unit, foot="the same month, every cause", delta=logged,
    )  # fmt: skip
    if values["volume"] == "million":  # the month says the same
        value, unit = money_parts(found.month.total_usd * figures.MONTHS_A_YEAR)
        each = Tile(label="A year at 1m a month", value=value, unit=unit, delta=logged,
                    foot="365 days, every cause")  # fmt: skip
    total = found.month.total_usd
    lever = figures.lever(
        found.month, elasticity=found.elasticity,
        text_share=found.by_class[TEXT].total_usd / total if total else 0.0,
    )  # fmt: skip
    return (
        each, made[0], lever, made[3], made[4] if unstated else made[2], made[5] if held else measured,
    )  # fmt: skip


def _per_million(reading: Reading, found: Costed, values: Values) -> float:
    a_month = requests_a_day(reading, values) * MONTH_DAYS
    return found.month.total_usd / a_month * 1e6 if a_month else 0.0


def _logged_usd(reading: Reading, found: Costed, values: Values) -> float:
    """Return a month as logged; every cause grows with the requests, so it is in proportion."""
    return _per_million(reading, found, values) * reading.requests_per_day * MONTH_DAYS / 1e6


def _volume(reading: Reading, values: Values) -> str:
    logged = f"{number(reading.requests_per_day)} requests a day, mean of the last 30 days"
    if values["volume"] == "million":
        return f"at 1 million requests a month (logged: {logged})"
    if values["volume"] == "1":
        return f"as logged: {logged}"
    times = f"{float(values['volume']):,.0f}"
    return f"at {number(requests_a_day(reading, values))} requests a day, {times} times what was logged"


def _sizes(reading: Reading) -> Table:
    rows = tuple(
        (
            one["name"], f"{one['rows']:,}", number(one["raw_bytes"] / one["rows"]),
            number(one["stored_bytes"] / one["rows"]),
            number(one["raw_bytes"] / one["stored_bytes"], digits=1),
        )
        for one in reading.sizes if one["rows"] and one["stored_bytes"]
    )  # fmt: skip
    due = reading.due
    return Table(
        title="How large records are on this store", subtitle="Measured, not assumed",
        columns=("Class", "Rows", "Bytes a row, raw", "Bytes a row, stored", "Compression"), rows=rows,
        foot=f"Due for disposal: {_counted(due['files'], 'file')}, {_counted(due['bytes'], 'byte')}; "
             f"{_counted(reading.certificates, 'certificate')} of disposal or erasure on file.",
    )  # fmt: skip


def _counted(count: int, name: str) -> str:
    return f"{count:,} {name}{'' if count == 1 else 's'}"
