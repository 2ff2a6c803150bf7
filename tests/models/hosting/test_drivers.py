"""What a supply shock does to own capacity: changes of one input, worked by hand."""

import numpy as np
import pytest

from tests.models.hosting.test_decision import FLAT, OWN, OWNER
from workbench.models.hosting.decision import Demand, decide
from workbench.models.hosting.drivers import owned_swings, price_changes, rented_swings
from workbench.models.hosting.growth import Growth

STILL = Growth(log_per_month=0.0, log_sd_per_month=0.0, measured=True)
MONTHS = Demand(mtok_per_month=np.full((4, 24), 1_000.0), hourly_shape=FLAT)


class Study:
    goodput_p10, goodput_tokens_per_s_per_gpu, goodput_p90 = 50.0, 100.0, 200.0


def swings(found):
    return {one.name: (one.low_usd, one.high_usd) for one in found}


def judged():
    return decide([OWN], MONTHS, OWNER).judged[0]


def test_rent_doubles_and_throughput_halves():
    found = swings(rented_swings(judged(), Study(), MONTHS, OWNER, growth=STILL))
    # two replicas at 730 USD a month for 24 months: 35,040
    assert found["Rental price"] == pytest.approx((35_040, 70_080))
    assert found["Throughput"] == pytest.approx((17_520, 70_080))
    assert found["Growth"] == pytest.approx((35_040, 35_040))


def test_wafer_memory_and_packaging_move_the_capital_part_by_their_share_of_the_price():
    found = swings(owned_swings(
        judged(), Study(), MONTHS, OWNER, growth=STILL, capital_share=0.5,
        rented_usd_per_replica_hour=3.0,
    ))  # fmt: skip
    # wafer 20 % of a 3 % share, memory 50 % of 8 %, packaging 50 % of 3 %; half the hour is capital
    assert dict(price_changes()) == pytest.approx(
        {"Logic wafer": 0.006, "Memory (HBM)": 0.04, "Packaging (CoWoS)": 0.015}
    )
    assert found["Logic wafer"][1] == pytest.approx(35_040 * 1.003)
    assert found["Memory (HBM)"][1] == pytest.approx(35_040 * 1.02)
    assert found["Packaging (CoWoS)"][1] == pytest.approx(35_040 * 1.0075)


def test_a_longer_lead_time_costs_the_rent_of_the_wait():
    found = swings(owned_swings(
        judged(), Study(), MONTHS, OWNER, growth=STILL, capital_share=0.5,
        rented_usd_per_replica_hour=3.0,
    ))  # fmt: skip
    waited = 78 / (365.25 / 7 / 12)
    # each month waited is rented at 3 USD instead of 1: 2,920 USD more for two replicas
    assert found["Late, rented meanwhile"][1] == pytest.approx(35_040 + waited * 2_920)
    assert found["Late, and rental dearer"][1] == pytest.approx(35_040 + waited * 1_460 * 5)
