"""What was invoiced for usage is shared over it to the pico-USD, and nothing else is."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from workbench.models.billed import PricedCell, UsageCharge, allocate, shares

FIRST, SECOND = date(2026, 10, 1), date(2026, 10, 2)


def cell(day: date, model: str, pico: int, *, key: int, provider: str = "openai") -> PricedCell:
    return PricedCell(key=(day, key), provider=provider, model=model, day=day, contract_pico=pico)


def charge(pico: int, model: str | None = None, day: date | None = None) -> UsageCharge:
    return UsageCharge(provider="openai", month="2026-10", billed_pico=pico, model=model, day=day)


CELLS = [
    cell(FIRST, "a", 100, key=1), cell(FIRST, "b", 300, key=2), cell(SECOND, "a", 200, key=1),
    cell(SECOND, "free", 0, key=3), cell(FIRST, "a", 999, key=4, provider="google"),
]  # fmt: skip


def test_a_charge_that_names_nothing_is_shared_by_contract_cost():
    # 1,200 over 100 + 300 + 200: twice the contract cost each
    found = allocate([charge(1_200)], CELLS)
    assert found.cells_pico == {(FIRST, 1): 200, (FIRST, 2): 600, (SECOND, 1): 400}
    assert not found.left_pico


def test_a_model_and_a_day_take_their_own_charges_and_they_add_up():
    # a: 90 over 100 and 200 is 30 and 60; b of day one: 7; of both models: 60 over 600
    found = allocate([charge(90, "a"), charge(7, "b", FIRST), charge(60)], CELLS)
    assert found.cells_pico == {(FIRST, 1): 30 + 10, (FIRST, 2): 7 + 30, (SECOND, 1): 60 + 20}


def test_what_is_not_in_the_logs_or_has_no_price_is_nobodys():
    found = allocate([charge(50, "unheard-of"), charge(4, "free"), charge(3, "b", SECOND)], CELLS)
    assert found.cells_pico == {}
    assert found.left_pico == {("openai", "2026-10"): 57}


def test_a_credit_for_usage_is_shared_as_well():
    found = allocate([charge(100, "b"), charge(-40, "b")], CELLS)
    assert found.cells_pico == {(FIRST, 2): 60}


@given(st.integers(-(10**20), 10**20), st.lists(st.integers(1, 10**18), min_size=1, max_size=40))
def test_shares_add_up_and_are_off_by_less_than_one(amount: int, weights: list[int]):
    found = shares(amount, weights)
    assert sum(found) == amount
    total = sum(weights)
    assert all(abs(part * total - amount * weight) < total for part, weight in zip(found, weights, strict=True))  # fmt: skip


_CHARGES = st.lists(
    st.builds(
        charge, st.integers(-(10**15), 10**18), st.sampled_from([None, "a", "b", "c"]),
        st.sampled_from([None, FIRST, SECOND]),
    )
)  # fmt: skip


@given(_CHARGES, st.lists(st.integers(0, 10**16), min_size=4, max_size=4))
def test_what_is_charged_is_shared_or_left(charges: list[UsageCharge], picos: list[int]):
    places = [(FIRST, "a", 1), (SECOND, "a", 1), (FIRST, "b", 2), (SECOND, "b", 2)]
    cells = [cell(day, model, pico, key=key) for (day, model, key), pico in zip(places, picos, strict=True)]  # fmt: skip
    found = allocate(charges, cells)
    charged = sum(one.billed_pico for one in charges)
    assert sum(found.cells_pico.values()) + sum(found.left_pico.values()) == charged
