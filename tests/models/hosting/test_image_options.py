"""Images by resolution: what a mix costs, and what may not be chosen."""

import dataclasses

import numpy as np
import pytest

from workbench.models.commitments import CommitmentUnit
from workbench.models.hosting.decision import Tolerance, decide
from workbench.models.hosting.growth import Growth
from workbench.models.hosting.image_options import (
    ImageFeature,
    image_candidates,
    image_demand,
    usd_per_image,
)
from workbench.models.hosting.image_units import image_unit_candidates, weighted_per_image
from workbench.models.hosting.images import ImagePrice, image_prices_of
from workbench.models.offers import Offer
from workbench.reference import read_table

OWNER = Tolerance(region="eu", data_class="c", discount_rate_per_year=0.0)
STUDIO = ImageFeature(
    name="studio", provider="google", model="ours",
    images_by_resolution={"1K": 3_000.0, "2K": 1_000.0}, prompt_tokens_per_image=100.0,
    usd_per_image=0.08, usd_by_resolution={"1K": 0.07, "2K": 0.11}, hourly_shape=np.ones(168),
    growth=Growth(log_per_month=0.0, log_sd_per_month=0.0, measured=True),
)  # fmt: skip


def price(model, resolution, tokens, *, confidence="confirmed"):
    return ImagePrice(
        model=model, resolution=resolution, output_tokens=tokens, usd_per_mtok_output=60.0,
        input_image_tokens=0.0, usd_per_mtok_input=0.5, confidence=confidence,
    )  # fmt: skip


def weighed(*prices):
    found = image_candidates(STUDIO, prices, OWNER, regions=["eu"], availability=1.0)
    return {one.option.name: one.option for one in found}


def test_a_mix_costs_the_mean_of_its_resolutions_and_its_prompts():
    made = {"1K": price("m", "1K", 1_000), "2K": price("m", "2K", 2_000)}
    # three of four at 0.06 and one at 0.12, and 100 tokens at 0.5 a million
    assert usd_per_image(STUDIO, made) == pytest.approx(0.75 * 0.06 + 0.25 * 0.12 + 0.00005)
    assert usd_per_image(STUDIO, made, batch_discount=0.5) == pytest.approx(0.0375 + 0.000025)


def test_a_model_without_a_resolution_in_use_is_shown_and_not_chosen():
    options = weighed(price("small", "1K", 10))
    assert options["small"].barred == ("no 2K",)
    assert options["small, batch"].barred == ("no 2K", "answers within 24 hours")
    assert (
        decide(
            list(options.values()), image_demand(STUDIO, growth_per_month=0, months=1), OWNER
        ).chosen
        == "In use: ours"
    )


def test_a_cheaper_peer_that_makes_every_resolution_is_chosen():
    peer = (price("peer", "1K", 500), price("peer", "2K", 900))
    demand = image_demand(STUDIO, growth_per_month=0.0, months=2)
    bound = decide(list(weighed(*peer).values()), demand, OWNER)
    assert bound.chosen == "In use: ours"
    assert "not stated where it is processed" in bound.why
    free = dataclasses.replace(OWNER, region="anywhere")
    verdict = decide(list(weighed(*peer).values()), demand, free)
    assert verdict.chosen == "peer"
    # 4,000 images a month, two months: 0.75 * 0.03 + 0.25 * 0.054 + 0.00005 each
    by_name = {each.option.name: each for each in verdict.judged}
    assert by_name["peer"].npv_usd == pytest.approx(np.full(512, 8_000 * 0.03605))


def test_a_price_in_doubt_bars_the_model():
    options = weighed(price("p", "1K", 1, confidence="unverified"), price("p", "2K", 1))
    assert "price unverified" in options["p"].barred


def test_the_model_in_use_is_not_listed_twice():
    prices = image_prices_of(read_table("image_prices"))
    found = image_candidates(STUDIO, prices, OWNER, regions=[], availability=1.0)
    names = [one.option.name for one in found]
    assert len(names) == len(set(names))
    assert "gemini-3.1-flash-image, batch" in names


def test_image_units_hold_the_weighted_tokens_of_the_mix_and_spill_the_rest():
    unit = CommitmentUnit(
        name="GSU, ours", mtok_per_hour=0.0151, usd_per_hour=0.002, spill_usd_per_mtok=0.5,
        term_hours=730.0,
    )  # fmt: skip
    offer = Offer(
        provider="P", model="ours", unit=unit, confidence="confirmed", regions=("any",),
        weights={"input": 1.0, "output": 6.0, "cached_input": 1.0, "output_image": 120.0},
    )  # fmt: skip
    made = [price("ours", "1K", 1_000), price("ours", "2K", 2_000)]
    # 100 of prompt and 120 * (0.75 * 1,000 + 0.25 * 2,000): an image is 150,100 weighted tokens
    weight = weighted_per_image(STUDIO, offer, {one.resolution: one for one in made})
    assert weight == pytest.approx(150_100)
    demand = image_demand(STUDIO, growth_per_month=0.0, months=1)
    api = weighed(*made)["In use: ours"]
    (one,) = image_unit_candidates(STUDIO, [offer], made, OWNER, api=api, demand=demand)
    assert one.option.replica_mtok_per_hour == pytest.approx(0.0151 / 150_100)
    assert one.option.usd_per_mtok == api.usd_per_mtok
    assert image_unit_candidates(STUDIO, [offer], made[:1], OWNER, api=api, demand=demand) == []
