import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import InputError
from workbench.models.provider_exit.cash import (
    ExitCash,
    expected_npv_usd,
    irr,
    npv_usd,
    payback_years,
    with_price_rise,
)


def test_a_two_year_case_worked_by_hand() -> None:
    cash = ExitCash(
        stay_usd_by_year=(100.0, 100.0), exit_usd_by_year=(40.0, 40.0), one_off_usd=100.0
    )
    assert cash.flows_usd == (-100.0, 60.0, 60.0)
    # 60 / 1.1 + 60 / 1.21 = 54.5455 + 49.5868
    assert npv_usd(cash.flows_usd, discount_rate=0.1) == pytest.approx(4.13223, abs=1e-5)
    assert payback_years(cash.flows_usd) == pytest.approx(1 + 40 / 60)
    # 1 + r = (60 + sqrt(3600 + 24000)) / 200
    assert irr(cash.flows_usd) == pytest.approx(0.1306623863, abs=1e-9)


def test_what_is_sunk_stays_out_of_the_flows() -> None:
    bare = ExitCash(stay_usd_by_year=(10.0,), exit_usd_by_year=(1.0,), one_off_usd=5.0)
    sunk = ExitCash(
        stay_usd_by_year=(10.0,), exit_usd_by_year=(1.0,), one_off_usd=5.0, sunk_write_off_usd=99.0
    )
    assert bare.flows_usd == sunk.flows_usd


def test_a_price_rise_raises_only_the_years_it_holds() -> None:
    cash = ExitCash(stay_usd_by_year=(100.0,) * 3, exit_usd_by_year=(0.0,) * 3, one_off_usd=0.0)
    assert with_price_rise(cash, share=0.25, from_year=2).stay_usd_by_year == (100, 125, 125)
    dear = with_price_rise(cash, share=0.25, from_year=1)
    assert expected_npv_usd(cash, dear, probability=0.4, discount_rate=0.0) == pytest.approx(330)


@pytest.mark.parametrize(
    ("flows", "rate", "years"),
    [
        ((-100.0, 10.0, 10.0), -0.6298438, None),
        ((-100.0, 0.0), None, None),
        ((100.0, -50.0, 60.0), None, 0.0),
        ((-10.0, 20.0, -15.0, 30.0), None, 2 + 5 / 30),
    ],
)
def test_a_case_without_an_answer_says_none(flows, rate, years) -> None:
    assert irr(flows) == (None if rate is None else pytest.approx(rate, abs=1e-6))
    assert payback_years(flows) == (None if years is None else pytest.approx(years))


def test_years_must_match() -> None:
    with pytest.raises(InputError, match="same number of years"):
        ExitCash(stay_usd_by_year=(1.0,), exit_usd_by_year=(), one_off_usd=0.0)


@given(
    outlay=st.floats(1.0, 1e6),
    savings=st.lists(st.floats(1.0, 1e6), min_size=1, max_size=10),
)
def test_the_npv_is_nothing_at_the_internal_rate(outlay: float, savings: list[float]) -> None:
    flows = (-outlay, *savings)
    rate = irr(flows)
    assert rate is not None
    scale = sum(saving / (1 + rate) ** year for year, saving in enumerate(savings, start=1))
    assert npv_usd(flows, discount_rate=rate) == pytest.approx(0.0, abs=1e-6 * max(scale, outlay))
