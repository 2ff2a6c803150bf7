"""Own accelerators' hours allocated to tokens: days worked by hand, laws, bad sheets."""

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import PriceError
from workbench.pricing.capacity import CapacityLine, ServedHour, capacity_days, price_rows
from workbench.pricing.capacity_sheet import capacity_sheet

DAY, NEXT = date(2026, 10, 1), date(2026, 10, 2)
KNOWN = datetime(2026, 11, 1)  # noqa: DTZ001 - the book keeps naive UTC
HEADER = "provider,model,accelerators,usd_per_accelerator_hour,effective_from"
USD = 10**12


def line(**more) -> CapacityLine:
    return CapacityLine(**{
        "provider": "vllm", "model": "m", "accelerators": 2, "pico_per_accelerator_hour": 3 * USD,
        "starts": DAY, "ends": date(2026, 11, 1), "weights": (1_000, 100, 4_000),
        "tokens_per_accelerator_hour": None,
    } | more)  # fmt: skip


def hour(at, **tokens) -> ServedHour:
    said = {"provider": "vllm", "model": "m", "day": DAY, "input": 0, "cached": 0, "output": 0}
    return ServedHour(**(said | {"hour": at} | tokens))


def test_busy_hours_are_spread_over_weighted_tokens_and_idle_hours_stay_unused():
    served = [hour(9, input=600, cached=1_000, output=100), hour(10, input=900)]
    (one,) = capacity_days([line()], served, days=[DAY])
    # two accelerators at 3 USD: 6 USD an hour, 144 a day, 12 in the two busy hours
    assert one.bill_pico == 144 * USD
    assert one.unused_pico == 132 * USD
    # 600 + 100 + 400 + 900 = 2,000 weighted tokens share 12 USD: 6 milli-USD each
    assert one.weighted_tokens == 2_000
    assert one.prices == {"input": 6_000_000_000, "cached": 600_000_000, "output": 24_000_000_000}
    assert (one.allocated_pico, one.rounding_pico) == (12 * USD, 0)


def test_what_an_accelerator_serves_splits_the_busy_hour_too():
    served = [hour(9, input=500), hour(10, input=4_000)]
    (one,) = capacity_days([line(tokens_per_accelerator_hour=1_000)], served, days=[DAY])
    # 2,000 fit in an hour: a quarter of the first and all of the second, 1.5 + 6 USD
    assert one.unused_pico == 144 * USD - 7_500_000_000_000
    assert one.prices["input"] == 7_500_000_000_000 // 4_500
    assert one.rounding_pico == 7_500_000_000_000 % 4_500


def test_a_day_without_requests_is_unused_and_has_no_price():
    (one,) = capacity_days([line()], [], days=[DAY])
    assert (one.unused_pico, one.allocated_pico, one.prices) == (one.bill_pico, 0, {})
    assert price_rows([one], cited="") == []


def test_days_outside_the_sheet_have_no_bill_and_no_price():
    assert capacity_days([line(starts=NEXT)], [hour(1, input=5)], days=[DAY]) == []


def test_rows_of_one_pool_add_up_and_a_named_model_leaves_the_common_pool():
    lines = [line(), line(accelerators=1), line(model="*", accelerators=4)]
    served = [hour(9, input=10), hour(9, model="M", input=10), hour(9, model="other", output=5)]
    common, own = capacity_days(lines, served, days=[DAY])
    assert (own.bill_pico, own.allocated_pico) == (9 * 24 * USD, 9 * USD)
    assert own.models == ("M", "m")
    assert (common.bill_pico, common.allocated_pico) == (12 * 24 * USD, 12 * USD)
    assert {row.model for row in price_rows([common, own], cited="")} == {"M", "m", "other"}


@given(
    hours=st.lists(
        st.tuples(
            st.integers(0, 23), st.integers(0, 10**9), st.integers(0, 10**9), st.integers(0, 10**9)
        ), max_size=12,
    ),
    accelerators=st.integers(1, 512),
    pico=st.integers(0, 100 * USD),
    room=st.one_of(st.none(), st.integers(1, 10**9)),
)  # fmt: skip
def test_the_bill_is_allocated_unused_or_rounding_to_the_pico(hours, accelerators, pico, room):
    served = [hour(at, input=i, cached=c, output=o) for at, i, c, o in hours]
    own = line(
        accelerators=accelerators, pico_per_accelerator_hour=pico, tokens_per_accelerator_hour=room
    )
    (one,) = capacity_days([own], served, days=[DAY])
    assert one.bill_pico == 24 * accelerators * pico
    assert one.allocated_pico + one.unused_pico + one.rounding_pico == one.bill_pico
    tokens = sum(i + c + o for _, i, c, o in hours)
    # less than one pico-USD a token and kind is lost
    assert 0 <= one.rounding_pico <= tokens
    assert one.unused_pico >= 0


def test_a_sheet_says_what_it_must():
    sheet = capacity_sheet(
        f"{HEADER},effective_to,weight_output,tokens_per_accelerator_hour\n"
        "vllm,*,8,2.35,2026-10-01,2026-11-01,3.5,9000000\n", name="own.csv", known_from=KNOWN,
    )  # fmt: skip
    (one,) = sheet.lines
    assert (one.accelerators, one.pico_per_accelerator_hour) == (8, 2_350_000_000_000)
    assert (one.weights, one.tokens_per_accelerator_hour) == ((1_000, 100, 3_500), 9_000_000)
    assert (one.starts, one.ends) == (DAY, date(2026, 11, 1))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (HEADER, "no capacity"),
        ("provider,model,accelerators,usd_per_accelerator_hour\nv,m,1,2", "no column effective"),
        (f"{HEADER},colour\nv,m,1,2,2026-10-01,red", "unknown column 'colour'"),
        (f"{HEADER}\nv,m,1.5,2,2026-10-01", "line 2, column accelerators: '1.5'"),
        (f"{HEADER}\nv,m,0,2,2026-10-01", "column accelerators"),
        (f"{HEADER}\nv,m,1,-2,2026-10-01", "column usd_per_accelerator_hour"),
        (f"{HEADER}\nv,m,1,nan,2026-10-01", "column usd_per_accelerator_hour"),
        (f"{HEADER}\nv,m,1,2,01/10/2026", "is no day"),
        (f"{HEADER}\nv,m,1,2,2026-10-01T05:00", "whole UTC days"),
        (f"{HEADER}\n,m,1,2,2026-10-01", "column provider: is empty"),
        (f"{HEADER}\nv,m,1,2", "not as many values"),
        (f"{HEADER},effective_to\nv,m,1,2,2026-10-01,2026-10-01", "not after effective_from"),
        (f"{HEADER},weight_output\nv,m,1,2,2026-10-01,3\nv,m,1,2,2026-10-05,4", "weigh tokens"),
        (f"{HEADER},weight_input,weight_output,weight_cached_input\nv,m,1,2,2026-10-01,0,0,0",
         "all weights are 0"),
    ],
)  # fmt: skip
def test_a_sheet_that_contradicts_itself_is_refused(text, says):
    with pytest.raises(PriceError, match=says):
        capacity_sheet(text, name="own.csv", known_from=KNOWN)
