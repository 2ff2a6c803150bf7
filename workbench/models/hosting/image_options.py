"""Where images should be made: models by resolution, on the feature's own demand draws.

Demand is counted in million images; a model that does not make a resolution in use cannot be
chosen, nor can a price nobody confirmed. Own machines are not among the options: no image
model was measured.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from workbench.models.hosting.growth import Growth, demand_draws
from workbench.models.hosting.images import ImagePrice, image_request_usd
from workbench.models.hosting.options import Demand, Option, Tolerance
from workbench.models.hosting.placement import Processing
from workbench.models.hosting.where import Candidate
from workbench.models.hosting.workload import Floats
from workbench.units import TOKENS_PER_MTOK

BATCH_DISCOUNT: Final = 0.5
"""Of Gemini's batch processing, price list read 23 November 2026; answers within 24 hours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageFeature:
    """Images of one feature as its log shows them."""

    name: str
    provider: str
    model: str
    images_by_resolution: Mapping[str, float]
    """A month's."""
    prompt_tokens_per_image: float
    usd_per_image: float
    """Paid in the log, prompt included."""
    usd_by_resolution: Mapping[str, float]
    hourly_shape: Floats
    growth: Growth

    @property
    def images_per_month(self) -> float:
        """All resolutions together."""
        return sum(self.images_by_resolution.values())


def image_demand(feature: ImageFeature, *, growth_per_month: float, months: int) -> Demand:
    """Return million images by draw and month; the mix of resolutions stays."""
    volumes = demand_draws(
        feature.images_per_month / TOKENS_PER_MTOK, growth_per_month=growth_per_month,
        log_sd_per_month=feature.growth.log_sd_per_month, months=months,
    )  # fmt: skip
    return Demand(mtok_per_month=volumes, hourly_shape=feature.hourly_shape)


def usd_per_image(
    feature: ImageFeature, prices: Mapping[str, ImagePrice], *, batch_discount: float = 0.0
) -> float:
    """Return a model's mean cost of an image of this mix, prompt included.

    Resolutions the model does not make are left out, and their share is spread over the rest.
    """
    made = {r: n for r, n in feature.images_by_resolution.items() if r in prices}
    total = sum(made.values())
    return sum(
        n / total
        * image_request_usd(
            prices[r], images=1, prompt_tokens=feature.prompt_tokens_per_image,
            batch_discount=batch_discount,
        )
        for r, n in made.items()
    )  # fmt: skip


def image_candidates(
    feature: ImageFeature,
    prices: Sequence[ImagePrice],
    tolerance: Tolerance,
    *,
    regions: Sequence[str],
    availability: float,
    processing: Processing = "managed",
) -> list[Candidate]:
    """Return the model in use, its batch mode, and its peers by resolution.

    Parameters
    ----------
    regions
        Where the model in use was called, as logged; its peers state no region, so no limit on
        regions lets them pass.
    availability
        Promised by the provider, taken for all.
    processing
        Whether the provider of the model in use keeps prompts; its peers' terms are not known.
    """
    common = {
        "data_classes": frozenset(tolerance.classes), "availability": availability,
        "regions": frozenset(),
    }  # fmt: skip
    ours = Option(
        **{**common, "regions": frozenset(regions), "processing": processing},
        name=f"In use: {feature.model}", usd_per_mtok=feature.usd_per_image * TOKENS_PER_MTOK,
    )  # fmt: skip
    found = [Candidate(option=ours, basis="measured", note=", ".join(regions) or "not logged")]
    by_model: dict[str, dict[str, ImagePrice]] = {}
    for one in prices:
        by_model.setdefault(one.model, {})[one.resolution] = one
    for model, made in by_model.items():
        for batch in (False, True):
            if (model == feature.model and not batch) or not set(made) & set(
                feature.images_by_resolution
            ):
                continue
            cost = usd_per_image(feature, made, batch_discount=BATCH_DISCOUNT if batch else 0.0)
            same = model == feature.model
            option = Option(
                **(common | ({"regions": ours.regions, "processing": processing} if same else {})),
                name=f"{model}{', batch' if batch else ''}",
                usd_per_mtok=cost * TOKENS_PER_MTOK, barred=_barred(feature, made, batch=batch),
            )  # fmt: skip
            found.append(Candidate(option=option, basis="list price", note="not stated"))
    return found


def _barred(
    feature: ImageFeature, made: Mapping[str, ImagePrice], *, batch: bool
) -> tuple[str, ...]:
    reasons: list[str] = []
    missing = sorted(set(feature.images_by_resolution) - set(made))
    if missing:
        reasons.append(f"no {', '.join(missing)}")
    used = [one for r, one in made.items() if r in feature.images_by_resolution]
    if any(one.confidence != "confirmed" for one in used):
        reasons.append("price unverified")
    if batch:
        reasons.append("answers within 24 hours")
    return tuple(reasons)
