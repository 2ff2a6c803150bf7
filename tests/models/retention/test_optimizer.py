from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import InputError
from workbench.models.retention.cost import Plan, Tier, steady_state
from workbench.models.retention.optimizer import (
    AccessNeed,
    Choices,
    Limits,
    days_elasticity,
    optimize,
    two_stage_plans,
)
from workbench.models.retention.prices import priced_tiers
from workbench.models.retention.sizes import Flow, Packet
from workbench.reference import read_table

HOT = Tier(name="hot", usd_per_gb_month=0.03, put_usd_per_1000=0.005)
COOL = Tier(name="cool", usd_per_gb_month=0.01, put_usd_per_1000=0.01, minimum_days=30)
DEEP = Tier(
    name="deep", usd_per_gb_month=0.001, put_usd_per_1000=0.05, minimum_days=180,
    overhead_kb=32, first_access_hours=12,
)  # fmt: skip
FLOW = Flow(
    records_per_day=100_000,
    packet=Packet(text_bytes=8_000, metadata_bytes=1_000, embedding_dimensions=1_536),
    compression=4,
)


def choices(**changes) -> Choices:
    base = {
        "plans": two_stage_plans([HOT, COOL, DEEP], ages_days=(30, 90)),
        "periods_days": (30, 90, 365, 2_192),
        "records_per_object": (1.0, 10_000.0),
        "samplings": (0.1, 1.0),
        "precisions": ("float32", "int8", "none"),
        "text_shares": (0.5, 1.0),
    }
    return Choices(**(base | changes))


def test_without_limits_the_cheapest_keeps_next_to_nothing_in_the_cheapest_place() -> None:
    best = optimize(FLOW, choices(), Limits()).best[0].policy
    assert (best.period_days, best.sampling, best.precision, best.text_share) == (
        30, 0.1, "none", 0.5,
    )  # fmt: skip
    assert best.records_per_object == 10_000


def test_a_legal_minimum_forbids_sampling_and_shorter_periods() -> None:
    answer = optimize(FLOW, choices(), Limits(lower_days=2_192))
    assert len(answer.best) == 10
    assert {one.policy.period_days for one in answer.best} == {2_192}
    assert {one.policy.sampling for one in answer.best} == {1.0}
    costs = [one.month.total_usd for one in answer.best]
    assert costs == sorted(costs)
    saved = answer.usd_per_month_by_constraint["lower_days"]
    assert saved is not None
    free = optimize(FLOW, choices(), Limits()).best[0].month.total_usd
    assert saved == pytest.approx(costs[0] - free)


def test_an_access_need_keeps_young_records_out_of_the_archive_and_has_a_price() -> None:
    need = AccessNeed(until_age_days=90, within_hours=1, why="PCI 10.5.1")
    answer = optimize(FLOW, choices(), Limits(lower_days=365, access=(need,)))
    for one in answer.best:
        first = one.policy.tiers[0]
        assert first.name != "deep"
        if len(one.policy.tiers) == 2 and one.policy.tiers[1].name == "deep":
            assert one.policy.starts[1] >= 90
    price = answer.usd_per_month_by_constraint["access: PCI 10.5.1"]
    assert price is not None
    assert price >= 0


def test_a_law_that_cannot_be_met_has_no_policy_and_names_what_stands_in_the_way() -> None:
    answer = optimize(FLOW, choices(), Limits(lower_days=2_192, upper_days=730))
    assert answer.best == ()
    assert set(answer.usd_per_month_by_constraint) == {"lower_days", "upper_days"}


def test_unconfirmed_prices_never_lead() -> None:
    answer = optimize(FLOW, choices(unconfirmed=frozenset({"deep"})), Limits(lower_days=2_192))
    assert all(tier.name != "deep" for one in answer.best for tier in one.policy.tiers)
    assert answer.usd_per_month_by_constraint["confirmed_prices_only"] > 0  # type: ignore[operator]


def test_a_service_that_ends_at_15_days_is_not_offered_for_longer() -> None:
    index = replace(HOT, name="index", usd_per_gb_month=0.0, longest_days=15)
    with_end = choices(plans=two_stage_plans([index, HOT], ages_days=(30,)))
    assert all(
        one.policy.tiers[0].name == "hot"
        for one in optimize(FLOW, with_end, Limits(lower_days=30)).best
    )


def test_an_empty_grid_is_refused() -> None:
    with pytest.raises(InputError, match="empty"):
        optimize(FLOW, choices(periods_days=()), Limits())


def test_where_ingest_dominates_days_are_the_wrong_lever() -> None:
    logs = Tier(name="logs", usd_per_gb_month=0.01, stores_raw=True, ingest_usd_per_gb=0.5)
    plan = Plan(tiers=(logs,), starts=(0,), period_days=30)
    assert steady_state(FLOW, plan).ingest_share == pytest.approx(0.5 / 0.51)
    assert days_elasticity(FLOW, plan) == pytest.approx(0.01 / 0.51)
    store = Plan(tiers=(replace(HOT, put_usd_per_1000=0.0),), starts=(0,), period_days=30)
    assert days_elasticity(FLOW, store) == pytest.approx(1.0)


PLACES = [
    one.tier
    for one in priced_tiers(read_table("storage_prices"), raw_bytes_per_record=15_144)
    if one.region in ("us-east-1", "global") and one.may_lead
]


@settings(max_examples=25, deadline=None)
@given(
    records=st.floats(1_000, 1e7),
    compression=st.floats(1, 10),
    lower=st.sampled_from([None, 90, 365, 2_192]),
    access=st.sampled_from([(), (AccessNeed(until_age_days=90, within_hours=1, why="x"),)]),
    per_object=st.sampled_from([1.0, 1_000.0]),
)
def test_the_optimum_never_loses_to_any_single_tier_policy(
    records, compression, lower, access, per_object
) -> None:
    flow = replace(
        FLOW, records_per_day=records, compression=compression, records_per_object=per_object
    )
    periods = (90, 365, 2_192)
    grid = choices(
        plans=two_stage_plans(PLACES, ages_days=(30, 90)), periods_days=periods,
        records_per_object=(per_object,), samplings=(1.0,), precisions=("float32",),
        text_shares=(1.0,),
    )  # fmt: skip
    answer = optimize(flow, grid, Limits(lower_days=lower, access=access))
    by_hand = [
        steady_state(flow, Plan(tiers=(tier,), starts=(0,), period_days=period)).total_usd
        for tier, period in product(PLACES, periods)
        if period >= (lower or 0)
        and (tier.longest_days or period) >= period
        and (not access or (tier.first_access_hours is not None and tier.first_access_hours <= 1))
    ]
    assert answer.best[0].month.total_usd <= min(by_hand) + 1e-9
