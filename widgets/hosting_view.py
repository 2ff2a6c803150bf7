"""What the hosting page shows for one setting: options weighed, figures around them."""

from widgets.hosting_data import SYSTEMS, TTFT_P95_S, Reading
from widgets.hosting_details import details_of
from widgets.hosting_weigh import Weighed, weighed
from workbench.figures import hosting as figures
from workbench.figures import hosting_page as drawn
from workbench.figures.caption import Caption
from workbench.figures.cards import Chart, Table, View
from workbench.figures.hosting_options import options_table
from workbench.figures.theme import NOT_KNOWN, money, number, percent, times
from workbench.models.hosting.cost import owned_usd_per_gpu_hour
from workbench.models.hosting.placement import ANYWHERE
from workbench.models.hosting.study import Study
from workbench.models.hosting.where import Ask, p_cheapest


def view_of(reading: Reading, ask: Ask, *, shock: float) -> View:
    """Return all the page shows."""
    found = weighed(reading, ask)
    feature, study, fleet = reading.feature, found.study, found.fleet
    api = found.candidates[0].option.usd_per_mtok
    volume = feature.mtok_per_month
    even = fleet.breakeven_mtok(api) if fleet else None
    cheapest = p_cheapest(found.verdict)
    off_by = _off_by(study)
    table = options_table(
        found.candidates, found.verdict, cheapest=cheapest, off_by=off_by, months=ask.months,
        unpriced=found.unpriced,
    )  # fmt: skip
    return View(
        answer=drawn.answer(
            feature.name, verdict=found.verdict, candidates=found.candidates, fleet=fleet,
            api_usd_per_mtok=api, mtok_per_month=volume, cheapest=cheapest,
            growth_per_month=ask.growth_per_month,
        ),
        scope=_scope(reading, ask),
        notice=_notice(reading, ask, found),
        state=(("own capacity", reading.configuration),),
        tiles=drawn.tiles(
            api_usd_per_mtok=api,
            own_usd_per_mtok=fleet.usd_per_mtok(volume) if fleet else None,
            even_mtok=even, mtok_per_month=volume,
            replicas=(int(study.plan.needed.max()), int(study.plan.running.max())) if study else None,
            ttft=(found.ttft_s, reading.entry["ttft_p95_s"]),
            utilization=study.utilization if study else None,
            band=f"± {percent(off_by)}" if off_by is not None else "",
        ),
        cards=_cards(reading, ask, found, table),
        details=details_of(reading, ask, found),
    )  # fmt: skip


def _cards(reading: Reading, ask: Ask, found: Weighed, table: Table) -> tuple[Chart | Table, ...]:
    study, fleet = found.study, found.fleet
    if study is None or fleet is None:
        return (_load_card(reading, None), table)
    api, volume = found.candidates[0].option.usd_per_mtok, reading.feature.mtok_per_month
    ours = fleet.usd_per_mtok(volume)
    even = fleet.breakeven_mtok(api)
    verb = (
        f"costs {times(ours / api)} times the API"
        if ours > api
        else f"costs {percent(ours / api)} of the API"
    )
    tail = f"; it breaks even at {drawn.tokens(even)} tokens" if even else "; it never breaks even"
    calibration = _calibration(reading, study)
    return (
        drawn.volume_chart(
            Caption(
                title=f"At our volume an own fleet {verb}{tail}",
                subtitle="$ per million tokens, in and out, over tokens a month · all costs in, "
                "band P10–P90 of predicted throughput",
                foot=calibration, span="wide",
            ),
            fleet=fleet, api_usd_per_mtok=api, mtok_per_month=volume,
        ),
        _load_card(reading, study),
        table,
        figures.cost_by_utilization(
            Caption(
                title="Idle hours are paid for: half the use is twice the cost",
                subtitle="$ per million tokens over utilisation, percent of what the fleet serves "
                "inside its targets",
                foot=_ways_foot(reading, ask, study), span="half",
            ),
            usd_per_gpu_hour=_ways(reading, ask),
            tokens_per_s_per_gpu=study.goodput_tokens_per_s_per_gpu,
        ),
        _replicas_card(reading, study),
    )  # fmt: skip


def _load_card(reading: Reading, study: Study | None) -> Chart:
    load = reading.feature.load
    peak = load.peak_requests_per_s
    needed = int(study.plan.needed.max()) if study else 0
    capacity = study.plan.goodput_requests_per_s * needed if study else float(peak.max())
    share = figures.by_weekday(peak, capacity=capacity, first_weekday=reading.first_weekday)
    what = (
        f"percent of what {needed} replica{'s' if needed != 1 else ''} serve"
        if study
        else "percent of the highest"
    )
    burst = "assumed, hourly traffic too thin" if load.cv_is_assumed else "measured"
    caption = Caption(
        title="Peaks, not averages, set the fleet",
        subtitle=f"One-minute peaks by hour of week (UTC), mean of four weeks, {what}",
        foot=f"Burstiness CV {number(load.cv)}, {burst} · busiest hour {number(1 / _mean_of_peak(reading))} × the mean",
        span="narrow", unit="%",
    )  # fmt: skip
    chart = figures.weekly_load(caption, share_of_capacity=share)
    return drawn.load_against_capacity(caption, share=share, drawn=chart)


def _mean_of_peak(reading: Reading) -> float:
    return reading.feature.load_factor


def _replicas_card(reading: Reading, study: Study) -> Chart:
    week = drawn.one_week(study.plan)
    each = study.gpus_per_replica
    most, paid = int(week.needed.max()), int(week.running.max())
    hours = [float(n) for n in range(len(week.needed))]
    chart = figures.replicas_over_week(
        Caption(
            title=f"{most} needed at the peak, {paid} paid for around the clock",
            subtitle="Replicas by hour of the last week, one spare kept so that one may fail",
            foot=f"{each} accelerator{'' if each == 1 else 's'} a replica · p95 first token within "
            f"{number(TTFT_P95_S)} s", span="half", unit="replicas",
        ),
        plan=week, hours=hours,
    )  # fmt: skip
    return drawn.by_day(chart, first_weekday=reading.first_weekday)


def _ways_foot(reading: Reading, ask: Ask, study: Study) -> str:
    prices = "; ".join(
        f"{name} at {money(usd)} an hour" for name, usd in _ways(reading, ask).items()
    )
    return f"Throughput modelled ± {percent(_off_by(study))}; {prices}"


def _ways(reading: Reading, ask: Ask) -> dict[str, float]:
    ways = {"rented": ask.usd_per_gpu_hour}
    if reading.node is not None:
        ways["owned"] = owned_usd_per_gpu_hour(reading.node)
    return ways


def _off_by(study: Study | None) -> float | None:
    """Return half the width of the 80 % band of throughput, as a fraction."""
    if study is None:
        return None
    return (study.goodput_p90 - study.goodput_p10) / 2 / study.goodput_tokens_per_s_per_gpu


def _calibration(reading: Reading, study: Study) -> str:
    where = "" if study.in_box else "EXTRAPOLATED beyond what was measured. "
    errors = reading.errors
    return (
        f"{where}Throughput error on unseen configurations: median {percent(errors['cells'], digits=1)} "
        f"({percent(errors['families'], digits=1)} where model, machine and software never met); "
        f"80 % band holds {percent(errors['coverage'])} of {reading.points:,} points"
    )


def _scope(reading: Reading, ask: Ask) -> str:
    entry = reading.entry
    scaled = "" if reading.volume == 1 else f", volume × {reading.volume:g}"
    where = (
        "no residency limit"
        if reading.region == ANYWHERE
        else f"data stays in {reading.region.upper()}"
    )
    return (
        f"{entry['feature']}, {entry['environment']}, last 28 days{scaled}; {ask.months} months, NPV at "
        f"{percent(ask.tolerance.discount_rate_per_year)}, p95 TPOT ≤ {number(ask.targets.tpot_p95_ms, digits=0)} ms, {where}"
    )


def _notice(reading: Reading, ask: Ask, found: Weighed) -> str:
    parts = []
    if not ask.tolerance.rules and reading.entry["data_classes"]:
        parts.append(
            f"No rule says where {', '.join(reading.entry['data_classes'])} data may be processed: "
            "only regions limit it. Add data_placement to the dossier."
        )
    if found.refusal:
        parts.append(f"Own capacity is not predicted. {found.refusal}")
    if reading.entry["unpriced_requests"]:
        parts.append(
            f"{reading.entry['unpriced_requests']} requests have no price and are not in the API's."
        )
    if reading.rental is None:
        parts.append(
            f"No confirmed rental price of {SYSTEMS.get(reading.system, NOT_KNOWN)}: set one."
        )
    return " ".join(parts)
