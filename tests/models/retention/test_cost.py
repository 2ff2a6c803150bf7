from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import InputError
from workbench.models.retention.cost import (
    Plan,
    Reading,
    Tier,
    steady_state,
)
from workbench.models.retention.egress import EgressStep, egress_cost, list_egress_usd
from workbench.models.retention.path import cost_path_usd, quantiles_usd, storage_path_usd
from workbench.models.retention.prices import priced_tiers
from workbench.models.retention.sizes import Flow, Packet
from workbench.reference import read_table

HOT = Tier(name="hot", usd_per_gb_month=0.03, put_usd_per_1000=0.005, ingest_usd_per_gb=0.5)
COLD = Tier(name="cold", usd_per_gb_month=0.003, put_usd_per_1000=0.05, minimum_days=90)

MONTHS = 72
"""Six years of the evidence packet, as governance asks for books and records."""


def one_gb_a_day(**changes) -> Flow:
    flow = Flow(
        records_per_day=1_000_000, packet=Packet(text_bytes=1_000), records_per_object=1_000
    )
    return replace(flow, **changes)


def test_a_month_of_two_tiers_worked_by_hand() -> None:
    # 30 GB hot x 0.03 = 0.90; 60 GB cold x 0.003 = 0.18; ingest 30 GB x 0.5 = 15
    # 30,000 objects: puts 30 x 0.005 = 0.15, transitions 30 x 0.05 = 1.5
    # cold is left after 60 of its 90 days: 30 GB a month x 1 month x 0.003 = 0.09
    month = steady_state(one_gb_a_day(), Plan(tiers=(HOT, COLD), starts=(0, 30), period_days=90))
    assert month.storage_usd_by_tier == pytest.approx((0.90, 0.18))
    assert month.ingest_usd == pytest.approx(15.0)
    assert month.requests_usd == pytest.approx(0.15)
    assert month.transitions_usd == pytest.approx(1.5)
    assert month.early_deletion_usd == pytest.approx(0.09)
    assert month.total_usd == pytest.approx(17.82)


def test_precision_redaction_and_sampling_shrink_a_packet() -> None:
    packet = Packet(text_bytes=8_000, metadata_bytes=1_000, embedding_dimensions=1_536)
    assert packet.raw_bytes == 15_144
    assert packet.at("int8").raw_bytes == 10_536
    assert packet.at("binary").raw_bytes == 9_192
    assert packet.redacted(0.5).raw_bytes == 11_144
    half = Flow(records_per_day=1_000_000, packet=packet, sampling=0.5, compression=4)
    assert half.stored_gb_per_day == pytest.approx(1.893)


def test_a_held_record_stays_in_the_last_tier() -> None:
    plan = Plan(tiers=(HOT, COLD), starts=(0, 30), period_days=180)
    month = steady_state(one_gb_a_day(), plan, Reading(hold_share=0.02, hold_days=1_180))
    assert month.hold_stock_gb == pytest.approx(20.0)
    assert month.hold_usd == pytest.approx(0.06)


def test_small_objects_are_billed_at_the_tiers_smallest_size() -> None:
    # 1,000,000 objects of 1 KB a day, billed as 128 KB: 128 GB a day for 30 days at 0.0125
    tier = Tier(name="infrequent", usd_per_gb_month=0.0125, minimum_object_kb=128)
    flow = one_gb_a_day(records_per_object=1)
    month = steady_state(flow, Plan(tiers=(tier,), starts=(0,), period_days=30))
    assert month.storage_usd == pytest.approx(48.0)


def test_erasing_inside_a_minimum_pays_for_the_rest_of_it() -> None:
    # All of a year's records erased evenly over 365 days of age; those of the first 90 days
    # pay for 45 days on average: 90 / 365 x 45 days = 11.0959 GB-days a GB.
    tier = replace(COLD, put_usd_per_1000=0.0)
    plan = Plan(tiers=(tier,), starts=(0,), period_days=365)
    month = steady_state(one_gb_a_day(), plan, Reading(erased_share_per_year=1.0))
    assert month.early_deletion_usd == pytest.approx(11.0959 * 0.003, rel=1e-4)


def test_reading_pays_retrieval_requests_and_egress() -> None:
    tier = Tier(
        name="cool", usd_per_gb_month=0.01, retrieval_usd_per_gb=0.03, get_usd_per_1000=0.01
    )
    plan = Plan(tiers=(tier,), starts=(0,), period_days=100)
    read = Reading(read_share_per_month=(0.1,), egress_usd_per_gb=0.09)
    month = steady_state(one_gb_a_day(), plan, read)
    # 10 GB and 10,000 objects are read
    assert month.retrieval_usd == pytest.approx(0.3 + 0.1)
    assert month.egress_usd == pytest.approx(0.9)


def test_the_path_reaches_the_steady_state_and_stays() -> None:
    plan = Plan(tiers=(HOT, COLD), starts=(0, 30), period_days=90)
    path = storage_path_usd(np.ones(200), plan)
    assert path[0] == pytest.approx(0.03 / 30)
    assert path[29] == pytest.approx(0.90 / 30)
    assert path[89:] * 30 == pytest.approx(np.full(111, 1.08))


def test_the_whole_bill_settles_at_the_steady_state() -> None:
    cold = replace(COLD, minimum_days=0, overhead_kb=40, included_days=5)
    plan = Plan(tiers=(HOT, cold), starts=(0, 30), period_days=90)
    flow = one_gb_a_day(records_per_object=10, replicas=2)
    path = cost_path_usd(flow, plan, np.ones(150))
    assert path[0] < path[45] < path[89]
    assert path[-30:].sum() == pytest.approx(steady_state(flow, plan).total_usd)
    double = cost_path_usd(flow, plan, np.full((3, 150), 2.0))
    assert double[1] == pytest.approx(2 * path)


def test_quantiles_follow_the_draws_of_the_forecast() -> None:
    draws = np.outer(np.linspace(0.0, 10.0, 101), np.ones(60))
    plan = Plan(tiers=(HOT,), starts=(0,), period_days=30)
    bands = quantiles_usd(storage_path_usd(draws, plan))
    assert [bands[name][-1] * 30 for name in ("p10", "p50", "p90")] == pytest.approx(
        [0.9, 4.5, 8.1]
    )


@given(
    days=st.integers(1, 2_000),
    more=st.integers(1, 700),
    starts=st.sampled_from([(0, 30), (0, 90), (0, 365)]),
    hold=st.sampled_from([0.0, 0.02, 1.0]),
    erased=st.sampled_from([0.0, 0.1, 1.0]),
    per_object=st.sampled_from([1, 100, 10_000]),
)
def test_raising_the_period_never_lowers_the_steady_state_cost(
    days: int, more: int, starts: tuple[int, int], hold: float, erased: float, per_object: int
) -> None:
    cold = replace(COLD, minimum_days=180, overhead_kb=32, first_access_hours=12)
    reading = Reading(
        hold_share=hold, hold_days=2_555, erased_share_per_year=erased,
        read_share_per_month=(0.01, 0.001),
    )  # fmt: skip
    flow = one_gb_a_day(records_per_object=per_object)
    cheap, dear = (
        steady_state(flow, Plan(tiers=(HOT, cold), starts=starts, period_days=period), reading)
        for period in (days, days + more)
    )
    assert dear.total_usd >= cheap.total_usd - 1e-9


STEPS = (EgressStep(10_000, 0.09), EgressStep(50_000, 0.085), EgressStep(None, 0.07))


def test_egress_is_graduated() -> None:
    assert list_egress_usd(270, STEPS) == pytest.approx(24.3)
    assert list_egress_usd(60_000, STEPS) == pytest.approx(900 + 3_400 + 700)
    with pytest.raises(InputError, match="above the last"):
        list_egress_usd(11, (EgressStep(10, 0.1),))


@pytest.mark.parametrize(
    ("on", "purpose", "in_eu", "most", "least"),
    [
        (date(2027, 1, 11), "switching", True, 90.0, 0.0),
        (date(2027, 1, 12), "switching", True, 0.0, 0.0),
        (date(2027, 1, 12), "parallel", True, 90.0, 0.0),
        (date(2027, 1, 12), "switching", False, 90.0, 90.0),
        (date(2023, 12, 31), "switching", True, 90.0, 90.0),
        (date(2027, 1, 12), "ordinary", True, 90.0, 90.0),
    ],
)
def test_switching_charges_end_on_12_january_2027(on, purpose, in_eu, most, least) -> None:
    cost = egress_cost(1_000, STEPS, on=on, purpose=purpose, in_eu=in_eu)
    assert (cost.most_usd, cost.least_usd) == pytest.approx((most, least))


def _place(platform: str, service: str, tier: str, region: str) -> Tier:
    rows = read_table("storage_prices")
    [found] = [
        one.tier
        for one in priced_tiers(rows, raw_bytes_per_record=15_000)
        if (one.platform, one.service, one.tier.name, one.region)
        == (platform, service, tier, region)
    ]
    return found


def _packet_month(tiers, *, starts=(0,), compression=1.0, per_object=1_000, days=MONTHS * 30):
    """A million packets of 15 KB a month of 30 days: 15 GB raw."""
    flow = Flow(
        records_per_day=1e6 / 30, packet=Packet(text_bytes=15_000), compression=compression,
        records_per_object=per_object,
    )  # fmt: skip
    return steady_state(flow, Plan(tiers=tiers, starts=starts, period_days=days))


AWS = ("AWS", "S3")
PUBLISHED = [
    # path, published ingest or None for "cents", published storage, computed, explanation
    ("Glacier IR", (*AWS, "Glacier Instant Retrieval", "us-east-1"), 4, None, 1.1, None),
    ("S3 Standard", (*AWS, "Standard", "us-east-1"), 4, None, 6.2, None),
    ("CloudWatch", ("AWS", "CloudWatch Logs", "Standard class", "us-east-1"), 1, 7.5, 4.9, None),
    ("Cloud Logging", ("GCP", "Cloud Logging", "log bucket", "all"), 1, 7.5, 10.7, 2**30 / 1e9),
]


@pytest.mark.parametrize(("name", "place", "compression", "ingest", "stored", "unit"), PUBLISHED)
def test_the_packet_table_is_recomputed_from_the_price_rows(
    name, place, compression, ingest, stored, unit
) -> None:
    month = _packet_month((_place(*place),), compression=compression)
    # The table took Cloud Logging's GiB as a GB; the price row is per GiB: 7.4 % apart.
    factor = unit or 1.0
    print(f"{name}: ingest {month.ingest_usd:.2f} (table {ingest or 'cents'}), ", end="")
    print(f"storage {month.storage_usd:.2f} a month (table {stored}), unit factor {factor:.4f}")
    assert month.storage_usd * factor == pytest.approx(stored, rel=0.05)
    if ingest is None:
        assert month.ingest_usd + month.requests_usd < 0.10
    else:
        assert month.ingest_usd * factor == pytest.approx(ingest, rel=0.05)


def test_the_azure_row_of_the_packet_table() -> None:
    analytics = _place("Azure", "Monitor Logs", "Analytics", "East US")
    long_term = _place("Azure", "Monitor Logs", "Long-term retention", "East US")
    month = _packet_month((analytics, long_term), starts=(0, 31))
    print(f"Azure Monitor: ingest {month.ingest_usd:.2f}, storage {month.storage_usd:.2f}")
    assert month.ingest_usd == pytest.approx(34.5, rel=0.05)
    assert month.storage_usd == pytest.approx(21.6, rel=0.05)


def test_the_datadog_row_of_the_packet_table() -> None:
    index = _place("Datadog", "Logs", "Index 15 days", "US1")
    month = _packet_month((index,), days=15)
    print(f"Datadog: ingest and index {month.ingest_usd:.2f}, offered {index.longest_days} days")
    assert month.total_usd == pytest.approx(3.2, rel=0.05)
    assert index.longest_days == 15


def test_one_object_a_request_pays_fifty_dollars_of_transitions() -> None:
    standard = _place(*AWS, "Standard", "us-east-1")
    archive = _place(*AWS, "Glacier Deep Archive", "us-east-1")
    month = _packet_month((standard, archive), starts=(0, 0), per_object=1)
    of_one_month = (month.storage_usd / MONTHS, month.object_overhead_usd / MONTHS)
    print(f"one object a request: PUT {month.requests_usd:.2f}, ", end="")
    print(f"transition {month.transitions_usd:.2f}, a month's data {of_one_month}")
    assert month.requests_usd == pytest.approx(5.0)
    assert month.transitions_usd == pytest.approx(50.0)
    assert of_one_month == pytest.approx((0.015, 0.22), rel=0.05)


def test_services_that_price_no_gigabyte_are_left_out() -> None:
    found = priced_tiers(read_table("storage_prices"), raw_bytes_per_record=15_000)
    assert "Elastic Cloud Hosted Standard (AWS us-east)" not in {one.label for one in found}
    assert {one.platform for one in found} == {
        "AWS", "GCP", "Azure", "Datadog", "Splunk", "Elastic", "Cloudflare",
    }  # fmt: skip
    splunk = next(one for one in found if one.platform == "Splunk")
    assert not splunk.may_lead
