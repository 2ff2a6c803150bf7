"""What the hosting page shows of a feature that makes images: its models by resolution."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from widgets.hosting_limits import places_of, processing_of
from widgets.page import Values
from workbench.figures import hosting as figures
from workbench.figures import hosting_images as drawn
from workbench.figures.caption import Caption
from workbench.figures.cards import View
from workbench.figures.hosting_options import options_table, placement_table
from workbench.figures.theme import number, percent
from workbench.models.hosting.decision import Tolerance, decide
from workbench.models.hosting.growth import growth_of, typical_week
from workbench.models.hosting.image_options import (
    ImageFeature,
    image_candidates,
    image_demand,
)
from workbench.models.hosting.image_units import image_unit_candidates
from workbench.models.hosting.images import image_prices_of
from workbench.models.hosting.where import p_cheapest
from workbench.models.offers import is_made_for, offers_of, open_offers_of
from workbench.reference import read_table

MONTHS = 36
WINDOW_DAYS = 28
DAYS_PER_MONTH = 365.25 / 12
UNUSED = ("cache", "utilization", "tpot", "rental", "shock", "local")
"""Inputs that say nothing of images made by others."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ImageReading:
    """Everything the page needs of one feature that makes images."""

    entry: Mapping[str, Any]
    feature: ImageFeature
    region: str
    volume: float
    offers: Sequence[Mapping[str, str]]
    measured: Mapping[str, tuple[float | None, str]]


def read_images(
    entry: Mapping[str, Any], values: Values, *, region: str, offers: Sequence[Mapping[str, str]]
) -> ImageReading:
    """Read one choice of feature, volume and residency."""
    volume = float(values["volume"])
    feature = image_feature_of(entry, volume=volume)
    origin = f"trend of {len(entry['weekly_images'])} weeks"
    known = feature.growth.measured
    growth = min(max(feature.growth.per_month, -0.05), 0.25)
    return ImageReading(
        entry=entry, feature=feature, region=region, volume=volume, offers=offers,
        measured={
            "growth": (growth, origin if known else "log too short"),
            **dict.fromkeys(UNUSED, (None, "not of images")),
        },
    )  # fmt: skip


def image_feature_of(entry: Mapping[str, Any], *, volume: float = 1.0) -> ImageFeature:
    """Build the model's inputs from a published entry, at a multiple of its volume."""
    parts = entry["by_resolution"]
    monthly = volume * DAYS_PER_MONTH / WINDOW_DAYS
    images = sum(one["images"] for one in parts)
    return ImageFeature(
        name=entry["feature"], provider=entry["provider"], model=entry["model"],
        images_by_resolution={one["resolution"]: one["images"] * monthly for one in parts},
        usd_by_resolution={
            one["resolution"]: (one["usd"] or 0.0) / one["images"] for one in parts
        },
        prompt_tokens_per_image=sum(one["prompt_tokens"] for one in parts) / images,
        usd_per_image=sum(one["usd"] or 0.0 for one in parts) / images,
        hourly_shape=typical_week(entry["images_by_hour"], requests=entry["requests"]),
        growth=growth_of(np.asarray(entry["weekly_images"], dtype=float)),
    )  # fmt: skip


def draw_images(reading: ImageReading, values: Values, *, tolerance: Tolerance) -> View:
    """Return all the page shows for one setting of its inputs."""
    feature = reading.feature
    prices = image_prices_of(read_table("image_prices"))
    candidates = image_candidates(
        feature, prices, tolerance, regions=_places(reading), availability=1.0,
        processing=processing_of(reading.entry),
    )  # fmt: skip
    demand = image_demand(feature, growth_per_month=values["growth"], months=MONTHS)
    candidates += image_unit_candidates(
        feature,
        offers_of(reading.offers),
        prices,
        tolerance,
        api=candidates[0].option,
        demand=demand,
    )
    verdict = decide([each.option for each in candidates], demand, tolerance)
    cheapest = p_cheapest(verdict)
    table = options_table(
        candidates,
        verdict,
        cheapest=cheapest,
        off_by=None,
        months=MONTHS,
        unpriced=[
            one for one in open_offers_of(reading.offers) if is_made_for(one.model, feature.model)
        ],
    )
    by_weekday = figures.by_weekday(
        np.asarray(reading.entry["images_by_hour"]),
        capacity=max(reading.entry["images_by_hour"]) or 1.0,
        first_weekday=date.fromisoformat(reading.entry["first_day"]).weekday(),
    )
    return View(
        answer=drawn.answer(feature, verdict=verdict, cheapest=cheapest),
        scope=_scope(reading, tolerance),
        notice=_notice(reading),
        tiles=drawn.tiles(feature, verdict=verdict, cheapest=cheapest),
        cards=(
            drawn.by_resolution(
                Caption(
                    title=drawn.resolution_title(feature, prices),
                    subtitle="$ an image by model and resolution; prompt included where it was logged",
                    foot="In use: paid in the log · others: list prices of data/reference/image_prices",
                    span="wide",
                ),
                feature=feature, prices=prices,
            ),
            figures.weekly_load(
                Caption(
                    title="Images come in working hours",
                    subtitle="Images by hour of week (UTC), mean of four weeks, percent of the highest",
                    foot="Measured, last 28 days", span="narrow", unit="%",
                ),
                share_of_capacity=by_weekday,
            ),
            table,
        ),
        details=(placement_table(tolerance.rules, tolerance.classes, verdict.judged),),
    )  # fmt: skip


def _places(reading: ImageReading) -> list[str]:
    return places_of(reading.entry)[0]


def _scope(reading: ImageReading, tolerance: Tolerance) -> str:
    times = "" if reading.volume == 1 else f", volume × {reading.volume:g}"
    where = (
        "no residency limit"
        if reading.region == "anywhere"
        else f"data stays in {reading.region.upper()}"
    )
    return (
        f"{reading.entry['feature']}, {reading.entry['environment']}, images of the last 28 days{times}; "
        f"{MONTHS} months, NPV at {percent(tolerance.discount_rate_per_year)}, {where}"
    )


def _notice(reading: ImageReading) -> str:
    parts = [
        "No image model was measured on own machines, so own capacity is not among the options."
    ]
    missing = [one for one in reading.entry["by_resolution"] if one["resolution"] == "not stated"]
    if missing:
        parts.append(f"{number(missing[0]['images'], digits=0)} images state no resolution.")
    if reading.entry["unpriced_requests"]:
        parts.append(f"{reading.entry['unpriced_requests']} requests have no price.")
    return " ".join(parts)
