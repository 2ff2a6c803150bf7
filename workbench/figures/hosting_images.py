"""How images by resolution are drawn: what each model asks for one, and the answer in words."""

from collections.abc import Mapping, Sequence

from workbench.figures import charts, theme
from workbench.figures.caption import Caption, chart
from workbench.figures.cards import Chart, Tile
from workbench.models.hosting.decision import Verdict
from workbench.models.hosting.image_options import ImageFeature
from workbench.models.hosting.images import ImagePrice, image_request_usd

LABEL_PIXELS = 210
NEAR_USD = 0.02
"""Prices so close that their labels would cover each other."""
ORDER = ("0.5K", "1K", "2K", "4K")


def by_resolution(
    caption: Caption, *, feature: ImageFeature, prices: Sequence[ImagePrice]
) -> Chart:
    """Draw the cost of an image over resolution, one line a model; points where it makes them."""
    used = set(feature.images_by_resolution)
    shown = [r for r in ORDER if r in used] or sorted(used)
    models = list(dict.fromkeys(price.model for price in prices))
    series: list[charts.Series] = [
        charts.Series(
            name="in use, paid", look="p50",
            y=[feature.usd_by_resolution.get(r) for r in shown],
        )
    ]  # fmt: skip
    tones = theme.colors(models)
    for model in models:
        if model == feature.model:
            continue
        cost = {
            p.resolution: image_request_usd(
                p, images=1, prompt_tokens=feature.prompt_tokens_per_image
            )
            for p in prices
            if p.model == model
        }
        series.append(charts.Series(name=model, y=[cost.get(r) for r in shown], color=tones[model]))
    drawn = charts.lines(caption, x=shown, series=series)
    data = [
        {**trace, "mode": "lines+markers", "marker": {"size": 8}} if trace.get("line") else trace
        for trace in drawn.figure["data"]
    ]
    layout = drawn.figure["layout"]
    layout["margin"] = {**layout["margin"], "r": LABEL_PIXELS}
    layout["annotations"] = _labels(series, shown, divisor=1.0)
    rows = [
        [one.name, *("–" if v is None else theme.money(v) for v in one.y)] for one in series
    ]  # fmt: skip
    return chart(
        caption, figure={"data": data, "layout": layout}, rows=rows, unit="$",
        summary=drawn.summary, columns=("Model", *shown),
    )  # fmt: skip


def _labels(
    series: Sequence[charts.Series], shown: Sequence[str], *, divisor: float
) -> list[dict[str, object]]:
    """Return each model's name beside its last point, two near ones pushed apart."""
    ends = []
    for one in series:
        last = max((n for n, v in enumerate(one.y) if v is not None), default=None)
        if last is not None:
            ends.append((last, (one.y[last] or 0.0) / divisor, one))
    notes, before = [], None
    for at, cost, one in sorted(ends, key=lambda end: (end[0], -end[1])):
        near = before is not None and before[0] == at and before[1] - cost < NEAR_USD
        notes.append(
            theme.note(f"{one.name} {theme.money(cost)}", x=shown[at], y=cost, xanchor="left",
                       color=one.color or theme.ACCENT, strong=one.look == "p50", xshift=9,
                       yshift=-9 if near else 4)
        )  # fmt: skip
        before = (at, cost)
    return notes


def resolution_title(feature: ImageFeature, prices: Sequence[ImagePrice]) -> str:
    """Say how much more the finest resolution in use costs, and its share of the bill."""
    used = [r for r in ORDER if feature.images_by_resolution.get(r)]
    if len(used) < 2:
        return "What one image costs, by model and resolution"
    low, high = used[0], used[-1]
    ratio = feature.usd_by_resolution[high] / feature.usd_by_resolution[low]
    bill = sum(feature.images_by_resolution[r] * feature.usd_by_resolution[r] for r in used)
    share = feature.images_by_resolution[high] * feature.usd_by_resolution[high] / bill
    return (
        f"A {high} image costs {theme.number(ratio)} times one of {low}; "
        f"{high} is {theme.percent(share)} of the bill"
    )


def answer(feature: ImageFeature, *, verdict: Verdict, cheapest: Mapping[str, float]) -> str:
    """Say where the images should be made, in one sentence or two."""
    by_name = {each.option.name: each for each in verdict.judged}
    first = verdict.judged[0]
    chosen = by_name.get(verdict.chosen or "")
    if chosen is None:
        return f"{feature.name} may make images nowhere: {verdict.why}"
    cost = theme.money(chosen.quantile(0.5))
    if chosen is not first:
        saved = 1 - float(chosen.npv_usd.mean() / first.npv_usd.mean())
        return (
            f"Move {feature.name} to {chosen.option.name}: {cost} at the median, "
            f"{theme.percent(saved)} less than {feature.model}, if its images pass the same review."
        )
    mean = float(first.npv_usd.mean())
    # one that lacks a resolution is not compared: its cost leaves those images out
    below = [
        each for each in verdict.judged
        if float(each.npv_usd.mean()) < mean and not any("no " in r for r in each.excluded)
    ]  # fmt: skip
    cheaper = min(below, key=lambda one: (len(one.excluded), one.npv_usd.mean()), default=None)
    if cheaper is None:
        return f"Stay on {feature.model}: {cost} at the median, the cheapest for these resolutions."
    saved = 1 - float(cheaper.npv_usd.mean()) / mean
    return (
        f"Stay on {feature.model} ({cost} at the median): {cheaper.option.name} would cost "
        f"{theme.percent(saved)} less, but {' and '.join(cheaper.excluded)}."
    )


def tiles(
    feature: ImageFeature, *, verdict: Verdict, cheapest: Mapping[str, float]
) -> tuple[Tile, ...]:
    """Return the numbers of the page."""
    monthly = feature.images_per_month
    bill, bill_unit = theme.money_parts(monthly * feature.usd_per_image)
    each, each_unit = theme.money_parts(feature.usd_per_image)
    first = verdict.judged[0]
    batch = next((j for j in verdict.judged if j.option.name == f"{feature.model}, batch"), None)
    tiles = [
        Tile(label="Images a month", value=theme.count(monthly), foot="measured, 28 days",
             delta=_mix(feature)),
        Tile(label="Cost of an image", value=each, unit=each_unit, foot="paid, prompt included",
             delta="this feature's own mix"),
        Tile(label="Cost a month", value=bill, unit=bill_unit, foot="measured, 28 days",
             delta="at today's volume"),
        Tile(label="In use is cheapest", foot="of draws, within the limits", unit="%",
             value=theme.percent(cheapest.get(first.option.name, 0.0)).removesuffix(" %"),
             delta=f"of {len(verdict.judged)} options {sum(not j.excluded for j in verdict.judged)} may be chosen"),
    ]  # fmt: skip
    if batch is not None:
        saved = 1 - float(batch.npv_usd.mean() / first.npv_usd.mean())
        tiles.append(
            Tile(label="Batch would save", value=theme.percent(saved).removesuffix(" %"), unit="%",
                 delta="answers within 24 hours", foot="list price"),
        )  # fmt: skip
    return tuple(tiles)


def _mix(feature: ImageFeature) -> str:
    total = feature.images_per_month or 1.0
    parts = sorted(feature.images_by_resolution.items(), key=lambda one: -one[1])
    return ", ".join(f"{theme.percent(n / total)} {r}" for r, n in parts)
