import dataclasses
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import InputError
from workbench.models.hosting.cost import (
    OwnedNode,
    RentedFleet,
    ScaleOutNetwork,
    allocate_gpu_hours,
    breakeven_mtok_per_month,
    breakeven_utilization,
    capital_usd_per_year,
    network_share,
    owned_usd_per_gpu_hour,
    owned_usd_per_year,
    rented_usd_per_gpu_hour,
    usd_per_mtok,
)

NODE = OwnedNode(
    capex_usd=320_000, accelerators=8, life_years=4, residual_ratio=0.1, wacc=0.08, it_kw=10.2,
    load_factor=0.6, pue=1.3, usd_per_kwh=0.12, colocation_usd_per_year=24_000,
    support_share_of_capex=0.05, network_usd_per_year=3_600, staff_fte=0.25,
    usd_per_fte_year=180_000, software_usd_per_accelerator_year=4_500,
)  # fmt: skip
FABRIC = ScaleOutNetwork(
    link_gbit_per_s=800, optics_per_accelerator=3, usd_per_optic=1_200, usd_per_switch_port=3_000,
    ports_per_accelerator=1, watts_per_optic=15, life_years=4,
)  # fmt: skip


def test_a_year_of_an_owned_node_worked_by_hand():
    # 320,000 * 0.9 / 4; 8 % of (320,000 + 32,000) / 2; 10.2 * 0.6 * 1.3 * 8,760 kWh * 0.12
    year = owned_usd_per_year(NODE)
    assert year["depreciation"] == 72_000
    assert year["capital_charge"] == 14_080
    assert year["power"] == pytest.approx(8_363.3472)
    assert sum(year.values()) == pytest.approx(219_043.3472)


def test_the_annuity_repays_capital_and_interest_exactly():
    yearly = sum(capital_usd_per_year(NODE, form="annuity").values())
    owed = NODE.capex_usd
    for _ in range(4):
        owed = owed * 1.08 - yearly
    assert owed == pytest.approx(32_000)


def test_without_interest_both_forms_agree():
    free = dataclasses.replace(NODE, wacc=0.0)
    assert capital_usd_per_year(free, form="annuity") == capital_usd_per_year(free)


@given(availability=st.floats(0.5, 1.0), utilization=st.floats(0.05, 1.0))
def test_idle_and_unavailable_hours_are_paid_for(availability, utilization):
    hour = owned_usd_per_gpu_hour(NODE)
    down = owned_usd_per_gpu_hour(dataclasses.replace(NODE, availability=availability))
    assert down * availability == pytest.approx(hour)
    full = usd_per_mtok(hour, tokens_per_s_per_gpu=1_500, utilization=1.0)
    part = usd_per_mtok(hour, tokens_per_s_per_gpu=1_500, utilization=utilization)
    assert part * utilization == pytest.approx(full)


def test_a_published_cross_check():
    # an H100 at 2.35 USD an hour and 2,209 tokens/s: 0.2955 USD a million at full use
    assert usd_per_mtok(2.35, tokens_per_s_per_gpu=2_209, utilization=1.0) == pytest.approx(
        0.2955, abs=1e-4
    )


def test_at_the_break_even_utilisation_both_cost_the_same():
    at = breakeven_utilization(3.0, tokens_per_s_per_gpu=1_000, api_usd_per_mtok=2.0)
    assert at is not None
    assert usd_per_mtok(3.0, tokens_per_s_per_gpu=1_000, utilization=at) == pytest.approx(2.0)
    assert breakeven_utilization(30.0, tokens_per_s_per_gpu=1_000, api_usd_per_mtok=2.0) is None
    assert breakeven_mtok_per_month(
        fixed_usd_per_month=1_000, marginal_usd_per_mtok=0.5, api_usd_per_mtok=2.5
    ) == pytest.approx(500)
    assert (
        breakeven_mtok_per_month(
            fixed_usd_per_month=1_000, marginal_usd_per_mtok=3, api_usd_per_mtok=2.5
        )
        is None
    )


def test_lost_spot_hours_make_spot_dearer():
    # 50 % reserved at 2, 30 % spot at 1 of which 20 % is lost, 20 % on demand at 4
    fleet = RentedFleet(
        on_demand_usd_per_gpu_hour=4, reserved_usd_per_gpu_hour=2, reserved_share=0.5,
        spot_usd_per_gpu_hour=1, spot_share=0.3, spot_lost_share=0.2,
    )  # fmt: skip
    assert rented_usd_per_gpu_hour(fleet) == pytest.approx(0.8 + 1.0 + 0.375)
    with pytest.raises(InputError):
        RentedFleet(on_demand_usd_per_gpu_hour=4, reserved_share=0.8, spot_share=0.5)


def test_the_fabric_costs_nothing_inside_a_node():
    inside = network_share(
        FABRIC, crosses_nodes=False, requests_per_s_per_gpu=9, moved_bytes_per_request=1e9
    )
    assert inside.usd_per_gpu_hour == 0
    # 10 requests/s of 1 GB is 80 Gbit/s of the 640 the link carries
    across = network_share(
        FABRIC, crosses_nodes=True, requests_per_s_per_gpu=10, moved_bytes_per_request=1e9
    )
    assert across.link_utilization == pytest.approx(0.125)
    assert across.capex_usd_per_gpu == 6_600
    assert across.queue_factor == 1.0
    with pytest.raises(InputError, match="Add links"):
        network_share(
            FABRIC, crosses_nodes=True, requests_per_s_per_gpu=100, moved_bytes_per_request=1e9
        )


def test_self_hosted_usage_is_charged_to_the_last_cent():
    parts = allocate_gpu_hours(
        usd_per_gpu_hour=2.5, gpu_hours=100, weights_by_key={"a": 3.0, "b": 1.0, "c": 0.0}
    )
    assert parts == {"a": 187.5, "b": 62.5, "c": 0.0}
    with pytest.raises(InputError, match="no tokens"):
        allocate_gpu_hours(usd_per_gpu_hour=2.5, gpu_hours=1, weights_by_key={"a": 0.0})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"pue": 0.9}, "PUE is at least 1"), ({"load_factor": 1.2}, "load factor at most 1"),
        ({"usd_per_kwh": -0.1}, "usd_per_kwh"), ({"it_kw": math.nan}, "it_kw"),
        ({"staff_fte": math.inf}, "staff_fte"), ({"capex_usd": -1.0}, "capex_usd"),
    ],
)  # fmt: skip
def test_what_no_node_can_be_is_refused_by_name(change, said):
    given = {
        "capex_usd": 400_000, "accelerators": 8, "life_years": 5, "residual_ratio": 0.1, "wacc": 0.12,
        "it_kw": 11, "load_factor": 0.8, "pue": 1.4, "usd_per_kwh": 0.15,
    }  # fmt: skip
    with pytest.raises(InputError, match=said):
        OwnedNode(**(given | change))
    with pytest.raises(InputError, match="spot_usd_per_gpu_hour"):
        RentedFleet(on_demand_usd_per_gpu_hour=3.0, spot_usd_per_gpu_hour=-1.0)


def test_a_node_with_other_numbers_costs_what_a_calculator_says():
    node = OwnedNode(
        capex_usd=400_000, accelerators=8, life_years=5, residual_ratio=0.1, wacc=0.12, it_kw=11,
        load_factor=0.8, pue=1.4, usd_per_kwh=0.15, support_share_of_capex=0.04, staff_fte=0.2,
        usd_per_fte_year=120_000, availability=0.97,
    )  # fmt: skip
    # 72,000 written off, 26,400 of capital, 16,188.48 of power, 16,000 of support, 24,000 of people:
    # 154,588.48 a year over 8 * 8,760 * 0.97 hours
    assert owned_usd_per_gpu_hour(node) == pytest.approx(2.274109, abs=1e-6)
