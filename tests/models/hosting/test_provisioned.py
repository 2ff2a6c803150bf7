"""Provisioned capacity beside the API: weights, sizes and words worked by hand."""

import dataclasses

import numpy as np
import pytest

from tests.models.hosting.test_where import feature
from workbench.models.commitments import CommitmentUnit
from workbench.models.hosting.capacity import Targets
from workbench.models.hosting.decision import Demand, Option, Tolerance
from workbench.models.hosting.provisioned import provisioned_candidates, weighted_per_token
from workbench.models.hosting.where import Ask
from workbench.models.offers import Offer

UNIT = CommitmentUnit(
    name="Unit, 1 year, m", mtok_per_hour=2.25, usd_per_hour=1.0, spill_usd_per_mtok=1.0,
    minimum_units=2, step_units=2, term_hours=8_760,
)  # fmt: skip
OFFER = Offer(
    provider="P", model="m", unit=UNIT, confidence="confirmed",
    weights={"input": 1.0, "output": 4.0, "cached_input": 0.0},
)  # fmt: skip
API = Option(name="api", usd_per_mtok=2.0, regions=frozenset({"eu"}), data_classes=frozenset({"c"}))
ASK = Ask(
    growth_per_month=0.0, cache_hit_rate=0.25, utilization=0.5, usd_per_gpu_hour=1.0,
    targets=Targets(ttft_p95_s=4.0, tpot_p95_ms=50.0), months=1,
    tolerance=Tolerance(region="anywhere", data_class="c", discount_rate_per_year=0.0),
)  # fmt: skip
STEADY = Demand(mtok_per_month=np.full((1, 1), 7.2 * 730), hourly_shape=np.ones(168))


def test_a_token_of_the_mix_weighs_its_parts():
    # 900 in, a quarter cached and free, 100 out at four: (675 + 400) / 1,000
    assert weighted_per_token(feature(), OFFER, cache_hit_rate=0.25) == pytest.approx(1.075)


def test_the_cheapest_number_of_units_is_taken_and_the_rest_spills():
    (one,) = provisioned_candidates(feature(), [OFFER], ASK, api=API, demand=STEADY)
    # a unit holds 2.25 / 1.075 = 2.093 Mtok an hour, worth 4.19 USD at the API's price: four
    # units hold all 7.2 Mtok an hour for 4 USD, where two spill 3.01 for 6.03
    assert one.option.replicas == 4
    assert one.option.replica_mtok_per_hour == pytest.approx(2.25 / 1.075)
    assert one.kind == "provisioned"
    # half the term is left on average
    assert one.option.exit_usd == pytest.approx(4 * 8_760 / 2)


def test_terms_nobody_confirmed_and_prompts_that_stay_bar_it():
    doubtful = dataclasses.replace(OFFER, confidence="unverified (secondary pages)")
    stay = dataclasses.replace(ASK, local_share=0.3)
    (one,) = provisioned_candidates(feature(), [doubtful], stay, api=API, demand=STEADY)
    assert one.option.barred == ("30 % of prompts may not leave own machines", "terms unverified")


def test_an_offer_where_the_data_may_be_is_preferred_to_a_cheaper_one_elsewhere():
    dear = dataclasses.replace(UNIT, name="Zone, m", usd_per_hour=1.5)
    zone = dataclasses.replace(OFFER, unit=dear, regions=("eu", "us"))
    here = dataclasses.replace(ASK, tolerance=dataclasses.replace(ASK.tolerance, region="eu"))
    (one,) = provisioned_candidates(feature(), [OFFER, zone], here, api=API, demand=STEADY)
    assert one.option.name.endswith("Zone")
    (free,) = provisioned_candidates(feature(), [OFFER, zone], ASK, api=API, demand=STEADY)
    assert free.option.name.endswith("Unit, 1 year")


def test_an_offer_of_one_kind_of_token_alone_is_left_out():
    half = dataclasses.replace(OFFER, weights={"input": 1.0, "output": 0.0, "cached_input": 1.0})
    assert provisioned_candidates(feature(), [half], ASK, api=API, demand=STEADY) == []


def test_units_of_input_and_of_output_are_bought_in_pairs_that_fit_the_mix():
    sold = {"minimum_units": 1, "step_units": 1, "term_hours": 720.0, "spill_usd_per_mtok": 1.0}
    sent = dataclasses.replace(
        OFFER, weights={"input": 1.0, "output": 0.0, "cached_input": 1.0},
        unit=CommitmentUnit(name="Tier input, m", mtok_per_hour=1.8, usd_per_hour=0.5, **sold),
    )  # fmt: skip
    said = dataclasses.replace(
        OFFER, weights={"input": 0.0, "output": 1.0, "cached_input": 0.0},
        unit=CommitmentUnit(name="Tier output, m", mtok_per_hour=0.15, usd_per_hour=0.7, **sold),
    )  # fmt: skip
    (one,) = provisioned_candidates(feature(), [sent, said], ASK, api=API, demand=STEADY)
    # nine tenths are input: a unit of it serves 2 Mtok an hour of the mix, with 0.2 of output:
    # 4 serve 7.2 with 0.8 of output, which is 5.33 units: 6; 4 * 0.5 + 6 * 0.7 = 6.2 an hour
    assert one.option.name == "Provisioned: 4 + 6 × Tier input + output"
    assert one.option.replica_mtok_per_hour == pytest.approx(2.0)
    assert one.option.replicas * one.option.usd_per_replica_hour == pytest.approx(6.2)
