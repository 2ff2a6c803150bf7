"""How health is drawn: latency with its band, burn, cost, the error rate's CUSUM, drift."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from workbench.figures import bars, charts, theme
from workbench.figures.caption import Caption
from workbench.figures.cards import Cell, Chart, Table, Tile, Tone
from workbench.models.monitoring.cost import ewma
from workbench.models.monitoring.drift import PSI_FAIL, PSI_WARN
from workbench.models.monitoring.latency import Percentile

CUSUM_LIMIT = 5.0
ROUNDING = 1e-12
"""Of a share: what binary fractions lose in `1 - availability`."""


def latency(
    caption: Caption,
    *,
    days: Sequence[str],
    percentiles: Sequence[tuple[Percentile, ...]],
    objective_ms: float | None,
) -> Chart:
    """Draw each day's p50, p95 and p99 in seconds with the band of p95, beside the promise.

    `percentiles` holds one result of `percentile_bands` for each day.
    """
    first_day = percentiles[0] if percentiles else ()
    by_share = {
        f"p{100 * found.share:g}": [day[place].ms / 1000 for day in percentiles]
        for place, found in enumerate(first_day)
    }
    looks: dict[str, charts.Look] = {"p95": "p50", "p99": "previous"}
    series = [
        charts.Series(name=name, y=values, look=looks.get(name, "actual"))
        for name, values in by_share.items()
    ]
    p95 = next((i for i, found in enumerate(first_day) if found.share == 0.95), None)
    bands = []
    if p95 is not None:
        low, high = (
            [getattr(day[p95], side) / 1000 for day in percentiles]
            for side in ("low_ms", "high_ms")
        )
        bands.append(charts.Band(name="p95, 95 % band", low=low, high=high))
    marks = (
        [charts.Mark(text="promised p95", y=objective_ms / 1000)]
        if objective_ms is not None
        else []
    )
    return charts.lines(caption, x=days, series=series, bands=bands, marks=marks)


def burn(
    caption: Caption, *, minutes: Sequence[str], burn_rates: Mapping[str, Sequence[float]]
) -> Chart:
    """Draw burn rates by window against the two rates that page, 14.4 and 6."""
    looks: tuple[charts.Look, ...] = ("previous", "p50")
    series = [
        charts.Series(name=name, y=list(values), look=looks[place % 2])
        for place, (name, values) in enumerate(burn_rates.items())
    ]
    marks = [charts.Mark(text=f"pages at {rate:g}", y=rate) for rate in (14.4, 6.0)]
    return charts.lines(caption, x=minutes, series=series, marks=marks)


def cost_per_request(caption: Caption, *, days: Sequence[str], usd: Sequence[float]) -> Chart:
    """Draw cost per request by day and its moving average."""
    series = [
        charts.Series(name="per request", y=list(usd), look="previous"),
        charts.Series(name="average", y=ewma(usd).tolist()),
    ]
    return charts.lines(caption, x=days, series=series, opens=[f"cost/{day}" for day in days])


def error_share(
    caption: Caption,
    *,
    days: Sequence[str],
    counts: Sequence[tuple[int, int]],
    promised: float | None,
) -> Chart:
    """Draw the share of failed requests by day and over seven days, beside what the promise leaves.

    `counts` are errors and requests of each day; seven days are pooled, not averaged.
    """
    marks = [charts.Mark(text="error budget", y=promised)] if promised is not None else []
    by_day = [100 * bad / seen if seen else None for bad, seen in counts]
    pooled = [_pooled(counts[max(0, n - 6) : n + 1]) for n in range(len(counts))]
    series = [
        charts.Series(name="by day", y=by_day, look="previous"),
        charts.Series(name="7 days", y=pooled),
    ]
    opens = [f"errors/{day}" for day in days]
    return charts.lines(caption, x=days, series=series, marks=marks, opens=opens)


def _pooled(counts: Sequence[tuple[int, int]]) -> float | None:
    seen = sum(requests for _, requests in counts)
    return 100 * sum(errors for errors, _ in counts) / seen if seen else None


def latency_title(whole: Sequence[Percentile], *, limit_ms: float | None) -> str:
    """Say where p95 stands against its promise."""
    if not whole:
        return "No latency was logged"
    p95 = whole[1]
    if limit_ms is None:
        return f"p95 is {seconds(p95.ms)}; nothing is promised"
    if p95.high_ms <= limit_ms:
        return f"p95 is {seconds(p95.ms)} and keeps the promised {seconds(limit_ms)}"
    return f"p95 may reach {seconds(p95.high_ms)}, promised {seconds(limit_ms)}"


def latency_foot(days: Sequence[Sequence[Percentile]]) -> str:
    """Say how exact the values are, and when a day's median may fall into one of several clusters."""
    foot = "Measured in 2 % bins: each value within 1 %"
    wide = [day[0] for day in days if day and day[0].high_ms > 1.3 * day[0].low_ms]
    if len(wide) * 2 > len(days) and len(days) > 1:
        low = min(one.low_ms for one in wide)
        high = max(one.high_ms for one in wide)
        foot += (
            f". Latencies lie in clusters, so a day's p50 may fall anywhere from {seconds(low)} to "
            f"{seconds(high)}"
        )
    return foot


def cost_title(usd: Sequence[float], *, jumped_on: Sequence[str]) -> str:
    """Say where cost per request stands and which of the last seven days stood out."""
    if len(usd) < 8:
        return "Cost per request"
    now, before = (float(ewma(usd)[place]) for place in (-1, max(-29, -len(usd))))
    change = now / before - 1 if before else 0.0
    word = (
        "level with"
        if abs(change) < 0.05
        else f"{theme.percent(abs(change))} {'above' if change > 0 else 'below'}"
    )
    text = f"A request costs {theme.money(now)}, {word} four weeks before"
    return f"{text}; it jumped on {', '.join(jumped_on)}" if jumped_on else text


def error_cusum(
    caption: Caption, *, batches: Sequence[str], worse: Sequence[float], better: Sequence[float]
) -> Chart:
    """Draw both sums against the limit where they signal."""
    series = [
        charts.Series(name="worse", y=list(worse)),
        charts.Series(name="better", y=list(better), look="previous"),
    ]
    mark = charts.Mark(text="signals", y=CUSUM_LIMIT)
    return charts.lines(caption, x=batches, series=series, marks=[mark])


def drift(caption: Caption, *, psi: Mapping[str, float]) -> Chart:
    """Draw the stability index of each input against the convention's limits, largest first."""
    ordered = sorted(psi.items(), key=lambda item: -item[1])
    foot = (
        caption.foot
        or f"Warn at {PSI_WARN:g}, fail above {PSI_FAIL:g}: a convention of credit scoring."
    )
    return bars.bars(
        Caption(
            title=caption.title, subtitle=caption.subtitle, foot=foot, why=caption.why,
            span=caption.span, unit=caption.unit,
        ),
        names=[name for name, _ in ordered], values=[value for _, value in ordered],
    )  # fmt: skip


def answer(
    feature: str,
    found: Mapping[str, Any],
    *,
    whole: Sequence[Percentile],
    errors: int,
    requests: int,
) -> str:
    """Say in one sentence what is out of its promise, or that nothing is."""
    promised = found.get("promised") or {}
    faults = []
    limit = promised.get("latency_p95_ms")
    if whole and limit is not None and whole[1].high_ms > limit:
        faults.append(f"p95 may reach {seconds(whole[1].high_ms)} of the promised {seconds(limit)}")
    paged = [r for r in (found.get("burn") or {}).get("rules", []) if r["paged_minutes"]]
    if paged:
        faults.append("the error budget burned fast enough to page")
    if (found.get("accuracy") or {}).get("worse_since"):
        faults.append("labelled errors are above the accepted rate")
    cost, envelope = found.get("cost") or {}, promised.get("envelope_usd")
    if envelope is not None and cost.get("p80_usd") is not None and cost["p80_usd"] > envelope:
        faults.append(
            f"{month_name(cost['month'])} may end at {theme.money(cost['p80_usd'])}, envelope {theme.money(envelope)}"
        )
    words = [one["word"] for one in (found.get("drift") or {}).get("indices", {}).values()]
    if "fail" in words:
        faults.append("inputs have drifted")
    share = theme.percent(errors / requests if requests else None, digits=1)
    if over_budget(errors, requests, availability=promised.get("availability")):
        faults.append(f"{share} of {requests:,} requests failed, promised {_budget(promised)}")
    if faults:
        return f"{feature} needs a look: {'; '.join(faults)}."
    kept = "keeps its promises" if any(promised.values()) else "has promised nothing"
    return f"{feature} {kept}: {share} of {requests:,} requests failed."


def over_budget(errors: int, requests: int, *, availability: float | None) -> bool:
    """Tell whether more requests failed than the promised availability leaves, `1 - availability`."""
    if availability is None or not requests:
        return False
    return errors / requests > 1 - availability + ROUNDING


def _budget(promised: Mapping[str, Any]) -> str:
    return f"at most {100 * (1 - promised['availability']):.3g} %"


def errors_title(days: Sequence[str], counts: Sequence[tuple[int, int]]) -> str:
    """Say on which day the share of errors peaked, and out of how many requests."""
    shares = [bad / seen if seen else 0.0 for bad, seen in counts]
    if not any(shares):
        return "No request failed"
    worst = shares.index(max(shares))
    bad, seen = counts[worst]
    return (
        f"Errors peaked at {theme.percent(shares[worst], digits=1)} on {days[worst]}: "
        f"{bad:,} of {seen:,} requests"
    )


def tiles(
    found: Mapping[str, Any], *, whole: Sequence[Percentile], errors: int, requests: int, as_of: str,
    p95_by_day: Sequence[float], error_share_by_day: Sequence[float | None],
) -> tuple[Tile, ...]:  # fmt: skip
    """Return p95, error share, both burn rates, month end and drift, each against its limit."""
    promised = found.get("promised") or {}
    failed = f"{errors:,} of {requests:,} requests"
    over = over_budget(errors, requests, availability=promised.get("availability"))
    return (
        _p95_tile(whole, promised.get("latency_p95_ms"), tuple(p95_by_day)),
        Tile(
            label="Errors", value=theme.percent(errors / requests if requests else None, digits=1)
            .removesuffix(" %"), unit="%", tone="bad" if over else "neutral",
            delta=f"✗ {failed}, promised {_budget(promised)}" if over else failed,
            spark=tuple(error_share_by_day), foot=as_of,
        ),
        *(_burn_tile(rule) for rule in (found.get("burn") or {}).get("rules", [])),
        _month_tile(found.get("cost") or {}, promised.get("envelope_usd")),
        _drift_tile(found.get("drift") or {}),
    )  # fmt: skip


def _p95_tile(whole: Sequence[Percentile], limit: float | None, spark: tuple[float, ...]) -> Tile:
    if not whole:
        return Tile(label="Latency p95", value=theme.NOT_KNOWN, delta="no latency was logged")
    p95 = whole[1]
    late = limit is not None and p95.high_ms > limit
    tone: Tone = "neutral" if limit is None else "bad" if late else "good"
    sign = "✗ promised" if late else "✓ promised"
    return Tile(
        label="Latency p95", value=seconds(p95.ms).removesuffix(" s"), unit="s", tone=tone,
        delta=f"{sign} {seconds(limit)}" if limit is not None else "nothing promised",
        spark=spark, foot=f"95 % band {band(p95.low_ms, p95.high_ms)}",
    )  # fmt: skip


def _burn_tile(rule: Mapping[str, Any]) -> Tile:
    paged = rule["paged_minutes"]
    return Tile(
        label=f"Burn rate, {rule['hours']} h", value=theme.in_row(rule["long_burn"], digits=1), unit="× now",
        tone="bad" if paged else "good",
        delta=f"✗ paged {paged} min this week" if paged else "✓ never paged this week",
        foot=f"pages at {rule['rate']:g}",
    )  # fmt: skip


def _month_tile(cost: Mapping[str, Any], envelope: float | None) -> Tile:
    if "p80_usd" not in cost:
        return Tile(label="Month end", value=theme.NOT_KNOWN, delta=str(cost.get("missing", "")))
    value, unit = theme.money_parts(cost["p80_usd"])
    over = envelope is not None and cost["p80_usd"] > envelope
    tone: Tone = "neutral" if envelope is None else "bad" if over else "good"
    sign = "✗ above" if over else "✓ within"
    return Tile(
        label=f"End of {date.fromisoformat(cost['month'] + '-01'):%b %Y}, P80", value=value, unit=unit, tone=tone,
        delta=f"{sign} envelope {theme.money(envelope)}" if envelope is not None else "no envelope",
        foot=f"modelled, P50 {theme.money(cost['p50_usd'])}",
    )  # fmt: skip


def _drift_tile(drift: Mapping[str, Any]) -> Tile:
    indices = drift.get("indices", {})
    if not indices:
        return Tile(label="Input drift", value=theme.NOT_KNOWN, delta=str(drift.get("missing", "")))
    name = max(indices, key=lambda one: indices[one]["psi"])
    word = indices[name]["word"]
    tones: dict[str, Tone] = {"pass": "good", "fail": "bad"}
    signs = {"pass": "✓", "fail": "✗"}
    return Tile(
        label=f"Input drift, {name}", value=f"{indices[name]['psi']:.3f}", unit="PSI",
        delta=f"{signs.get(word, '?')} {word}", tone=tones.get(word, "neutral"),
        foot=f"warn at {PSI_WARN:g}, fail above {PSI_FAIL:g}",
    )  # fmt: skip


def health_table(rows: Sequence[Mapping[str, Any]], *, subtitle: str) -> Table:
    """List requests, errors, latency and cost by model, region and prompt version."""
    ordered = sorted(rows, key=lambda row: -row["requests"])
    return Table(
        title="By model, region and prompt version", subtitle=subtitle,
        columns=("Model", "Region", "Version", "Requests", "Errors", "p50", "p95", "p95 band", "p99",
                 "Cost", "Unpriced"),
        rows=tuple(_health_row(row) for row in ordered), text_columns=("Region", "Version"),
        foot="Cost of priced requests only; the unpriced are counted beside it",
        empty="No production request in 30 days.",
    )  # fmt: skip


def _health_row(row: Mapping[str, Any]) -> tuple[str | Cell, ...]:
    by_share = {one["share"]: one for one in row["latency"]}
    p95 = by_share.get(0.95)
    around = band(p95["low_ms"], p95["high_ms"]) if p95 else theme.NOT_KNOWN
    shown = [
        seconds(by_share[share]["ms"]) if share in by_share else theme.NOT_KNOWN
        for share in (0.5, 0.95, 0.99)
    ]
    unpriced = Cell(text=f"{row['unpriced']:,}", tone="bad") if row["unpriced"] else "0"
    return (
        row["model"], row["region"] or "not logged", row["version"] or "not logged",
        f"{row['requests']:,}", theme.percent(row["errors"] / row["requests"], digits=1),
        shown[0], shown[1], around, shown[2], theme.money(row["cost_usd"]), unpriced,
    )  # fmt: skip


def month_name(month: str) -> str:
    """Write a month as people say it.

    Examples
    --------
    >>> month_name("2026-11")
    'November 2026'
    """
    return f"{date.fromisoformat(f'{month}-01'):%B %Y}"


def band(low_ms: float, high_ms: float) -> str:
    """Write a band with as many digits as tell its ends apart, at most five."""
    for digits in (3, 4, 5):
        ends = [f"{ms / 1000:.{digits}g} s" for ms in (low_ms, high_ms)]
        if ends[0] != ends[1]:
            break
    return f"{ends[0]} to {ends[1]}"


def seconds(ms: float) -> str:
    """Write milliseconds as seconds with three digits.

    Examples
    --------
    >>> seconds(15_439.1), seconds(842)
    ('15.4 s', '0.842 s')
    """
    return f"{ms / 1000:.3g} s"
