import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import InputError
from workbench.models.hosting.decision import (
    Demand,
    Option,
    Tolerance,
    breakeven_volume,
    combined_availability,
    decide,
    fleet_availability,
    monthly_usd,
    overflow_share,
    p_cheaper,
)
from workbench.models.hosting.images import image_prices_of, image_request_usd
from workbench.models.hosting.shock import Shock, accelerator_price_change, bridge_usd, shocked
from workbench.reference import read_table

EVERYWHERE = frozenset({"eu", "us"})
ALL_DATA = frozenset({"public", "confidential"})
API = Option(name="api", usd_per_mtok=2.0, regions=EVERYWHERE, data_classes=ALL_DATA)
OWN = Option(
    name="own", usd_per_mtok=2.0, replicas=2, replica_mtok_per_hour=1.0, usd_per_replica_hour=1.0,
    regions=EVERYWHERE, data_classes=ALL_DATA,
)  # fmt: skip
FLAT = np.ones(24)
OWNER = Tolerance(region="eu", data_class="confidential", discount_rate_per_year=0.0)


def demand(*months, shape=FLAT):
    return Demand(mtok_per_month=np.array([months], dtype=float), hourly_shape=shape)


def test_own_capacity_is_paid_whether_used_or_not_and_overflow_goes_to_the_api():
    # 730 hours: capacity 1,460 Mtok; 2,000 Mtok leave 540 for the API at 2 USD
    assert monthly_usd(OWN, demand(0.0, 1_460.0, 2_000.0)) == pytest.approx(
        np.array([[1_460, 1_460, 1_460 + 1_080]])
    )


@given(
    shape=st.lists(st.floats(0.01, 10), min_size=2, max_size=48),
    mean=st.floats(0.01, 100),
    capacity=st.floats(0.01, 100),
)
def test_overflow_is_the_sum_over_hours_of_what_exceeds_capacity(shape, mean, capacity):
    relative = np.array(shape) / np.mean(shape)
    hours = relative * mean
    expected = sum(max(0.0, hour - capacity) for hour in hours) / hours.sum()
    got = overflow_share(np.array([mean]), relative, capacity)[0]
    assert got == pytest.approx(expected, abs=1e-9)


def test_until_own_capacity_lives_the_api_serves():
    late = dataclasses.replace(OWN, weeks_to_live=365.25 / 7 / 12 * 1.5)
    months = monthly_usd(late, demand(1_000.0, 1_000.0, 1_000.0))[0]
    assert months == pytest.approx([2_000, 0.5 * 1_460 + 0.5 * 2_000, 1_460])


def test_the_cheapest_wins_when_every_limit_holds():
    verdict = decide([API, OWN], demand(1_400.0), OWNER)
    assert verdict.chosen == verdict.cheapest == "own"


def test_a_hard_limit_excludes_the_cheapest_and_says_why():
    abroad = dataclasses.replace(OWN, regions=frozenset({"us"}))
    verdict = decide([API, abroad], demand(1_400.0), OWNER)
    assert verdict.cheapest == "own"
    assert verdict.chosen == "api"
    assert "may not leave eu" in verdict.why
    nowhere = dataclasses.replace(API, data_classes=frozenset({"public"}))
    assert decide([nowhere, abroad], demand(1_400.0), OWNER).chosen is None


def test_caution_and_lock_in_can_overrule_the_cheapest():
    volumes = np.array([[200.0]] * 5 + [[2_000.0]] * 5)
    uncertain = Demand(mtok_per_month=volumes, hourly_shape=FLAT)
    # own: 1,460 + overflow 1,080 in half the draws, mean 2,000; api: 400 or 4,000, mean 2,200
    assert decide([API, OWN], uncertain, OWNER).chosen == "own"
    locked = dataclasses.replace(OWN, exit_usd=1_000)
    minding = dataclasses.replace(OWNER, lock_in_weight=1.0)
    verdict = decide([API, locked], uncertain, minding)
    assert (verdict.cheapest, verdict.chosen) == ("own", "api")
    assert "tolerance" in verdict.why
    # with dear capacity the mean favours the API, the 90th percentile does not
    dear = dataclasses.replace(OWN, usd_per_replica_hour=1.3)
    assert decide([API, dear], uncertain, OWNER).chosen == "api"
    cautious = dataclasses.replace(OWNER, caution=1.0)
    assert decide([API, dear], uncertain, cautious).chosen == "own"


def test_probabilities_of_being_cheaper_use_the_same_draws():
    volumes = np.array([[100.0], [700.0], [1_000.0], [2_000.0]])
    verdict = decide([API, OWN], Demand(mtok_per_month=volumes, hourly_shape=FLAT), OWNER)
    api, own = verdict.judged
    # own costs 1,460 up to its capacity: dearer than 200 and 1,400, cheaper than 2,000 and 4,000
    assert p_cheaper(own, api) == 0.5
    assert p_cheaper(api, own) == 0.5


def test_both_cost_the_same_at_the_break_even_volume():
    peaky = np.array([0.2] * 12 + [1.8] * 12)
    volume = breakeven_volume(OWN, API, hourly_shape=peaky, most_mtok_per_month=5_000)
    assert volume is not None
    at = demand(volume, shape=peaky)
    assert monthly_usd(OWN, at)[0, 0] == pytest.approx(monthly_usd(API, at)[0, 0], rel=1e-3)
    dear = dataclasses.replace(OWN, usd_per_replica_hour=9.0)
    assert breakeven_volume(dear, API, hourly_shape=peaky, most_mtok_per_month=5_000) is None


def test_an_hour_of_outage_is_priced_by_the_owner():
    # 99.5 % of 730 hours leaves 3.65 hours a month, at 100 USD
    shaky = dataclasses.replace(API, availability=0.995)
    owner = dataclasses.replace(OWNER, outage_usd_per_hour=100)
    assert decide([shaky], demand(0.0), owner).judged[0].outage_usd == pytest.approx(365)
    assert combined_availability([0.995, 0.999]) == pytest.approx(0.999995)


def test_later_money_is_worth_less():
    owner = dataclasses.replace(OWNER, discount_rate_per_year=0.1)
    npv = decide([API], demand(*[0.0] * 11, 500.0), owner).judged[0].npv_usd[0]
    assert npv == pytest.approx(1_000 / 1.1)


def test_a_dearer_wafer_hardly_moves_an_accelerator_but_rent_moves_at_once():
    assert accelerator_price_change(Shock(name="wafer", wafer_change=0.2)) == pytest.approx(0.006)
    rented = shocked(OWN, Shock(name="short", rental_multiplier=1.4), owned=False)
    assert rented.usd_per_replica_hour == pytest.approx(1.4)
    owned = shocked(
        OWN,
        Shock(name="late", memory_change=0.5, lead_time_weeks=26),
        owned=True,
        capital_share=0.5,
    )
    assert owned.weeks_to_live == 26
    assert owned.usd_per_replica_hour == pytest.approx(1.02)
    assert shocked(API, Shock(name="severe", rental_multiplier=2), owned=False) is API
    weeks = 365.25 / 7 / 12
    assert bridge_usd(rented_usd_per_replica_hour=2, replicas=3, weeks=weeks) == pytest.approx(
        4_380
    )


def test_an_image_costs_its_tokens():
    prices = {(p.model, p.resolution): p for p in image_prices_of(read_table("image_prices"))}
    flash = [prices["gemini-3.1-flash-image", size] for size in ("0.5K", "1K", "2K", "4K")]
    published = [0.0448, 0.0672, 0.1008, 0.1512]
    assert [image_request_usd(p, images=1) for p in flash] == pytest.approx(published, abs=5e-5)
    # 100 prompt tokens and one input image of 1,120 tokens at 0.50, two images out, half off
    cost = image_request_usd(
        flash[1], images=2, prompt_tokens=100, input_images=1, batch_discount=0.5
    )
    assert cost == pytest.approx((1_220 * 0.5 + 2_240 * 60) / 2e6)


def test_impossible_inputs_are_refused():
    with pytest.raises(InputError):
        Option(name="x", usd_per_mtok=1.0, availability=0.0)
    with pytest.raises(InputError, match="average 1"):
        demand(1.0, shape=np.full(24, 2.0))
    with pytest.raises(InputError):
        decide([], demand(1.0), OWNER)


def test_where_nothing_may_spill_whole_replicas_are_added_at_the_busiest_hour():
    stays = dataclasses.replace(OWN, spills=False)
    # two replicas hold 2 Mtok an hour; 2,190 Mtok are 3 an hour: a third replica, 730 USD each
    assert monthly_usd(stays, demand(1_460.0, 2_190.0))[0] == pytest.approx([1_460, 2_190])
    # a busiest hour of twice the mean needs six
    peaky = demand(2_190.0, shape=np.array([0.0, 2.0]))
    assert monthly_usd(stays, peaky)[0] == pytest.approx([6 * 730])


def test_a_split_sends_its_share_to_the_api_whatever_the_fleet_could_hold():
    split = dataclasses.replace(OWN, spills=False, api_share=0.7)
    assert monthly_usd(split, demand(1_000.0))[0] == pytest.approx([1_460 + 700 * 2.0])


def test_a_bridge_of_rented_replicas_replaces_the_api_while_own_ones_are_awaited():
    late = dataclasses.replace(
        OWN, weeks_to_live=365.25 / 7 / 12, bridge_usd_per_replica_hour=3.0, spills=False
    )
    assert monthly_usd(late, demand(1_000.0, 1_000.0))[0] == pytest.approx([3 * 1_460, 1_460])


def test_a_price_nobody_confirmed_is_shown_and_never_chosen():
    doubtful = dataclasses.replace(OWN, name="doubtful", barred=("price unverified",))
    verdict = decide([API, doubtful], demand(1_400.0), OWNER)
    assert (verdict.cheapest, verdict.chosen) == ("doubtful", "api")
    assert "price unverified" in verdict.why


def test_an_owner_without_a_residency_limit_excludes_no_place():
    anywhere = dataclasses.replace(OWNER, region="anywhere")
    nowhere = dataclasses.replace(API, regions=frozenset())
    assert decide([nowhere], demand(1.0), OWNER).chosen is None
    assert decide([nowhere], demand(1.0), anywhere).chosen == "api"


def test_a_spare_replica_serves_what_a_failed_one_cannot():
    # one needed, two running at 98 %: both are down 0.04 % of the time
    assert fleet_availability(needed=1, running=2, each=0.98) == pytest.approx(1 - 0.02**2)
    # without a spare the expected share served is that of each
    assert fleet_availability(needed=30, running=30, each=0.98) == pytest.approx(0.98)
    with pytest.raises(InputError):
        fleet_availability(needed=2, running=1, each=0.98)


def test_the_price_of_an_outage_can_overrule_the_cheapest():
    shaky = dataclasses.replace(API, name="shaky", usd_per_mtok=1.9, availability=0.99)
    steady = dataclasses.replace(API, name="steady", availability=0.999)
    calm = decide([shaky, steady], demand(1_000.0), OWNER)
    # 100 USD cheaper a month, and down 6.57 hours longer
    assert calm.chosen == "shaky"
    careful = dataclasses.replace(OWNER, outage_usd_per_hour=20.0)
    assert decide([shaky, steady], demand(1_000.0), careful).chosen == "steady"


def test_lock_in_can_overrule_the_cheapest():
    bound = dataclasses.replace(API, name="bound", usd_per_mtok=1.9, exit_usd=1_000.0)
    free = dataclasses.replace(API, name="free")
    assert decide([bound, free], demand(1_000.0), OWNER).chosen == "bound"
    wary = dataclasses.replace(OWNER, lock_in_weight=0.2)
    verdict = decide([bound, free], demand(1_000.0), wary)
    assert verdict.chosen == "free"
    assert "tolerance for risk overrules" in verdict.why
