"""What the hosting page reads: the published load as the models' inputs, and what may be asked.

The slow half of a study (the prediction) happens here, once for each choice; sliders only
redo the fast half.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np

from widgets.commitments_data import rows_of
from widgets.hosting_images import ImageReading, read_images
from widgets.hosting_limits import region_of
from widgets.page import Values
from workbench.errors import InputError
from workbench.exports.hosting_predict import shipped_catalogue, shipped_model
from workbench.exports.hosting_study import shipped_surface
from workbench.models.hosting.capacity import (
    ASSUMED_CV,
    HourlyLoad,
    Targets,
    goodput_by_pool,
)
from workbench.models.hosting.cost import OwnedNode
from workbench.models.hosting.growth import growth_of, typical_week
from workbench.models.hosting.list_prices import NODE_SYSTEM, Rental, node_of, rental_of
from workbench.models.hosting.study import Served, serve
from workbench.models.hosting.surface import Traffic
from workbench.models.hosting.tables import grid_of
from workbench.models.hosting.where import Feature
from workbench.reference import read_table

TTFT_P95_S = 4.0
SPARE_REPLICAS = 1
MAX_BATCHES = (64, 32, 16, 8, 4)
"""Tried from the largest: the first that was measured for this family is taken."""
BACKENDS = {"vllm": "vLLM", "trtllm": "TensorRT-LLM", "sglang": "SGLang"}
SYSTEMS = {"h100_sxm": "H100 SXM", "h200_sxm": "H200 SXM", "b200_sxm": "B200 SXM"}
COUNTS = (1, 2, 4, 8)
MEASURED = 20
"""Measured points a model needs to be offered."""
NO_LOAD = (
    "The snapshot holds no load of text features in production over the last 28 days. "
    "Run `workbench publish` once there is usage."
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reading:
    """Everything the page needs of one choice of feature, model and accelerators."""

    entry: Mapping[str, Any]
    """The feature as published."""
    feature: Feature
    first_weekday: int
    region: str
    system: str
    served: Served | None
    refusal: str
    """Why there is no prediction; empty when there is one."""
    configuration: str
    rental: Rental | None
    node: OwnedNode | None
    errors: Mapping[str, float]
    points: int
    volume: float
    measured: Mapping[str, tuple[float | None, str]]
    own_capacity: Sequence[Mapping[str, Any]] = ()
    """Where the bill of own accelerators went, by month; empty where none are declared."""
    offers: Sequence[Mapping[str, str]] = ()
    """Every offer of capacity as a row, the workspace's own among them."""
    goodput: dict[float, dict[int, float]] = field(default_factory=dict)
    """By p95 target of the time per token, as sliders come back to it."""

    def goodput_at(self, targets: Targets) -> dict[int, float]:
        """Return what pools serve inside the targets."""
        known = self.goodput.get(targets.tpot_p95_ms)
        if known is None and self.served is not None:
            known = goodput_by_pool(
                shipped_surface(), self.served.replica, self.feature.traffic,
                cv=self.feature.load.cv, targets=targets,
            )  # fmt: skip
            self.goodput[targets.tpot_p95_ms] = known
        return known or {}


def published(snapshot: Any) -> Mapping[str, Any]:  # noqa: ANN401 - a Snapshot or a test's
    """Return the published document.

    Raises
    ------
    InputError
        If there is none, or the question could not be answered when it was published.
    """
    document = snapshot.document("hosting")
    if not document:
        raise InputError(NO_LOAD)
    if "refused" in document:
        raise InputError(str(document["refused"]))
    return document


def models() -> dict[str, tuple[str, str, str]]:
    """Return what may be hosted by label: (model, precision, backend), most measured first."""
    grid = shipped_model().anchors.grid
    counts: dict[tuple[str, str, str], int] = {}
    for key in zip(
        grid.model.tolist(), grid.precision.tolist(), grid.backend.tolist(), strict=True
    ):
        counts[key] = counts.get(key, 0) + 1
    ranked = sorted((key for key, n in counts.items() if n >= MEASURED), key=lambda k: -counts[k])
    return {
        f"{model.rsplit('/', 1)[-1]}, {precision.upper()}, {BACKENDS.get(backend, backend)}":
        (model, precision, backend) for model, precision, backend in ranked
    }  # fmt: skip


def default_feature(document: Mapping[str, Any]) -> str:
    """Return the text feature with most spend whose mean lengths were measured, else the first."""
    grid = shipped_model().anchors.grid
    longest = float(grid.input_tokens.max()), float(grid.output_tokens.max())
    entries = document["features"]
    inside = [
        each
        for each in entries
        if each.get("kind") != "image"
        and each["mean_input_tokens"] <= longest[0]
        and each["mean_output_tokens"] <= longest[1]
    ]
    return str(max(inside or entries[:1], key=lambda each: each.get("usd") or 0.0)["feature"])


def read(snapshot: Any, values: Values) -> "Reading | ImageReading":  # noqa: ANN401
    """Read one choice: feature, volume, residency, model, accelerators."""
    document = published(snapshot)
    entry = next(each for each in document["features"] if each["feature"] == values["feature"])
    if entry.get("kind") == "image":
        return read_images(
            entry, values, region=region_of(entry, values["region"]), offers=rows_of(document)
        )
    volume = float(values["volume"])
    feature = feature_of(entry, volume=volume)
    system, count = str(values["machine"]).split(":")
    served, refusal = _served(feature, values["model"], system, int(count))
    rental = rental_of(read_table("gpu_rental"), system)
    return Reading(
        entry=entry,
        feature=feature,
        first_weekday=date.fromisoformat(entry["first_day"]).weekday(),
        region=region_of(entry, values["region"]),
        system=system,
        served=served,
        refusal=refusal,
        configuration=f"{values['model'].split(',')[0]} on {count} × {SYSTEMS[system]}",
        rental=rental,
        node=node_of(read_table("tco_parameters")) if system == NODE_SYSTEM else None,
        errors=_errors(),
        points=len(shipped_model().anchors.grid),
        volume=volume,
        measured=_measured(entry, feature, rental),
        own_capacity=document.get("own_capacity") or (),
        offers=rows_of(document),
    )


def feature_of(entry: Mapping[str, Any], *, volume: float = 1.0) -> Feature:
    """Build the model's inputs from a published entry, at a multiple of its volume."""
    requests = np.asarray(entry["requests_by_hour"], dtype=float) * volume
    mean = requests / 3600
    extra = np.asarray(entry["peak_requests_per_s"], dtype=float) - mean / volume
    sigma = float(entry["sigma"] or 0.0)
    shrink = float(np.exp(sigma**2 / 2))
    cv = entry["cv"]
    prices = entry["usd_per_mtok"]
    uncached = prices["uncached"] or 0.0
    return Feature(
        name=entry["feature"],
        load=HourlyLoad(
            mean_requests_per_s=mean,
            peak_requests_per_s=mean + np.maximum(extra, 0.0) * np.sqrt(volume),
            cv=float(cv) if cv else ASSUMED_CV,
            cv_is_assumed=not cv,
        ),
        traffic=Traffic(
            median_input_tokens=entry["mean_input_tokens"] / shrink,
            median_output_tokens=entry["mean_output_tokens"] / shrink,
            sigma=sigma,
        ),
        hourly_shape=typical_week(entry["tokens_by_hour"], requests=entry["requests"]),
        cache_hit_rate=float(entry["cache_hit_rate"] or 0.0),
        usd_per_mtok_uncached=uncached,
        usd_per_mtok_cached=uncached if prices["cached"] is None else prices["cached"],
        usd_per_mtok_output=prices["output"] or 0.0,
        growth=growth_of(np.asarray(entry["weekly_tokens"], dtype=float)),
    )


def _served(feature: Feature, label: str, system: str, count: int) -> tuple[Served | None, str]:
    model, precision, backend = models()[label]
    catalogue = shipped_catalogue()
    traffic, refusal = feature.traffic, ""
    for batch in MAX_BATCHES:
        row = {
            "id": "page", "model_path": model, "system": system, "backend": backend,
            "precision": precision, "isl": str(traffic.mean_input_tokens),
            "osl": str(traffic.mean_output_tokens), "batch_size": str(batch),
            "tp_size": str(count),
            "moe_tp_size": str(count if catalogue.models[model].experts else 1),
        }  # fmt: skip
        try:
            return serve(grid_of([row], catalogue), shipped_model(), catalogue), ""
        except InputError as error:
            refusal = refusal or str(error)
    return None, refusal


def _errors() -> dict[str, float]:
    """Return the held-out errors of throughput, on cells and on whole families nobody measured.

    The strict cells: models of one shape are left out together.
    """
    rows = {
        row["left_out"]: row
        for row in read_table("serving_errors")
        if row["metric"].startswith("output_tokens")
    }
    cells = next(row for name, row in rows.items() if "one shape" in name)
    families = next(row for name, row in rows.items() if "families" in name)
    return {
        "cells": float(cells["median_error"]),
        "families": float(families["median_error"]),
        "coverage": float(cells["band_coverage"]),
    }


def _measured(
    entry: Mapping[str, Any], feature: Feature, rental: Rental | None
) -> dict[str, tuple[float | None, str]]:
    growth = feature.growth
    origin = f"trend of {len(entry['weekly_tokens'])} weeks" if growth.measured else "log too short"
    price = rental and f"{rental.provider}, {rental.region}, on demand, {rental.retrieved_on}"
    return {
        "growth": (min(max(growth.per_month, -0.05), 0.25), origin),
        "cache": (feature.cache_hit_rate, "measured, last 28 days"),
        "utilization": (min(max(feature.load_factor, 0.02), 0.95), "the log's own load factor"),
        "local": (0.0, "how many prompts may not leave"),
        "rental": (rental.usd_per_gpu_hour if rental else None, price or "no confirmed price"),
    }
