"""How health is drawn: latency with its band, burn, cost, the error rate's CUSUM, drift."""

from collections.abc import Mapping, Sequence

from workbench.figures import bars, charts
from workbench.figures.caption import Caption
from workbench.figures.cards import Chart
from workbench.models.monitoring.cost import ewma
from workbench.models.monitoring.drift import PSI_FAIL, PSI_WARN, Cusum
from workbench.models.monitoring.latency import Percentile

CUSUM_LIMIT = 5.0


def latency(
    caption: Caption,
    *,
    days: Sequence[str],
    percentiles: Sequence[tuple[Percentile, ...]],
    objective_ms: float | None,
) -> Chart:
    """Draw each day's p50, p95 and p99 with the band of p95, beside the promise.

    `percentiles` holds one result of `percentile_bands` for each day.
    """
    by_share = {
        f"p{100 * found.share:g}": [day[place].ms for day in percentiles]
        for place, found in enumerate(percentiles[0] if percentiles else ())
    }
    looks: dict[str, charts.Look] = {"p95": "p50", "p99": "previous"}
    series = [
        charts.Series(name=name, y=values, look=looks.get(name, "actual"))
        for name, values in by_share.items()
    ]
    p95 = next((i for i, found in enumerate(percentiles[0]) if found.share == 0.95), None)
    bands = []
    if p95 is not None:
        low, high = (
            [getattr(day[p95], side) for day in percentiles] for side in ("low_ms", "high_ms")
        )
        bands.append(charts.Band(name="p95, 95 % band", low=low, high=high))
    marks = [charts.Mark(text="promised p95", y=objective_ms)] if objective_ms is not None else []
    return charts.lines(caption, x=days, series=series, bands=bands, marks=marks)


def burn(
    caption: Caption, *, minutes: Sequence[str], burn_rates: Mapping[str, Sequence[float]]
) -> Chart:
    """Draw burn rates by window against the two rates that page, 14.4 and 6."""
    series = [charts.Series(name=name, y=list(values)) for name, values in burn_rates.items()]
    marks = [charts.Mark(text=f"pages at {rate:g}", y=rate) for rate in (14.4, 6.0)]
    return charts.lines(caption, x=minutes, series=series, marks=marks)


def cost_per_request(caption: Caption, *, days: Sequence[str], usd: Sequence[float]) -> Chart:
    """Draw cost per request by day and its moving average."""
    series = [
        charts.Series(name="per request", y=list(usd), look="previous"),
        charts.Series(name="average", y=ewma(usd).tolist()),
    ]
    return charts.lines(caption, x=days, series=series)


def error_cusum(caption: Caption, *, batches: Sequence[str], sums: Cusum) -> Chart:
    """Draw both sums against the limit where they signal."""
    series = [
        charts.Series(name="worse", y=sums.upper.tolist()),
        charts.Series(name="better", y=sums.lower.tolist(), look="previous"),
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
