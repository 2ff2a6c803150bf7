from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import InputError
from workbench.models.allocation import (
    UNALLOCATED,
    AllocationRule,
    Cost,
    allocate,
    largest_remainder,
    refuse_overlap,
)

cents = st.integers(-10_000_000, 10_000_000).map(lambda value: Decimal(value) / 100)
weights = st.dictionaries(
    st.text("abcdef", min_size=1, max_size=3), st.floats(0, 1e9), min_size=1, max_size=8
).filter(lambda shares: any(shares.values()))


@given(pool=cents, shares=weights)
def test_shares_add_to_the_pool_and_are_within_a_cent(pool, shares):
    placed = largest_remainder(pool, shares)
    assert sum(placed.values()) == pool
    total = sum(Decimal(str(weight)) for weight in shares.values())
    for name, usd in placed.items():
        exact = pool * Decimal(str(shares[name])) / total
        assert abs(usd - exact) <= Decimal("0.01")


def test_a_tie_goes_by_name():
    placed = largest_remainder(Decimal("0.01"), {"z": 1, "a": 1})
    assert placed == {"z": Decimal(0), "a": Decimal("0.01")}


def test_nothing_to_share_by_is_refused():
    with pytest.raises(InputError, match="even split"):
        largest_remainder(Decimal("5"), {"a": 0})


@pytest.mark.parametrize("weight", [-1.0, float("nan")])
def test_impossible_weights_are_refused(weight):
    with pytest.raises(InputError, match="'a'"):
        largest_remainder(Decimal("5"), {"a": weight, "b": 1})


def cost(usd: str, *, source: str = "logs", day: int = 10, tag: str | None = None) -> Cost:
    return Cost(source=source, day=date(2026, 10, day), usd=Decimal(usd), tag=tag)


RULES = [
    AllocationRule(name="tag", kind="direct"),
    AllocationRule(
        name="tokens", kind="driver", source="logs", weights={"search": 3, "support": 1}
    ),
    AllocationRule(
        name="even", kind="even", valid_from=date(2026, 10, 15), weights={"a": 1, "b": 1}
    ),
]


def test_the_first_rule_in_force_that_can_answer_wins():
    allocation = allocate(
        [
            cost("10.00", tag="coding"),
            cost("8.00"),
            cost("5.00", source="tools", day=14),
            cost("5.00", source="tools", day=15),
        ],
        RULES,
    )
    assert allocation.by_payer() == {
        "a": Decimal("2.50"),
        "b": Decimal("2.50"),
        "coding": Decimal("10.00"),
        "search": Decimal("6.00"),
        "support": Decimal("2.00"),
        UNALLOCATED: Decimal("5.00"),
    }


def test_unallocated_is_shown_even_when_it_is_nothing():
    assert allocate([cost("1.00", tag="a")], RULES).by_payer()[UNALLOCATED] == 0


def test_what_is_below_a_cent_is_not_lost():
    allocation = allocate([cost("1.005")], RULES)
    assert sum(part.usd for part in allocation.placements) == Decimal("1.005")


def test_one_rule_twice_on_a_day_is_refused():
    later = AllocationRule(name="tag", kind="direct", valid_from=date(2026, 1, 1))
    with pytest.raises(InputError, match="tag"):
        refuse_overlap([*RULES, later])
    ended = AllocationRule(name="x", kind="direct", valid_to=date(2026, 1, 1))
    begun = AllocationRule(name="x", kind="direct", valid_from=date(2026, 1, 1))
    refuse_overlap([ended, begun])
