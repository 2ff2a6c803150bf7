from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.models.envelope.base_case import base_case
from workbench.models.envelope.leaves import Judged
from workbench.models.envelope.paths import draw
from workbench.models.envelope.redraw import EnvelopeState
from workbench.models.envelope.tree import CostLine, CostTree, Driver, PriceStep
from workbench.models.envelope.whatif import Change, changed, costs_under

JUDGED = {"owner": "product", "on": date(2026, 11, 1), "source": "pilot"}
TREE = CostTree(
    months=4,
    drivers=(
        Driver(name="calls", leaf=Judged(value=1_000, low=800, high=1_250, **JUDGED)),
        Driver(name="hit", leaf=Judged(value=0.5, low=0.4, high=0.6, is_share=True, **JUDGED)),
    ),
    lines=(
        CostLine(
            name="fresh", drivers=("calls",), complements=("hit",),
            prices=(PriceStep(month=0, usd=2.0),),
        ),
    ),
)  # fmt: skip
DRAWS = draw(TREE, seed=3, paths=256)
STATE = EnvelopeState(TREE, DRAWS)


def test_no_change_is_the_drawn_state():
    assert changed(TREE, Change()) == TREE
    np.testing.assert_array_equal(costs_under(STATE, DRAWS, Change()), STATE.costs())


@settings(max_examples=25, deadline=None)
@given(
    volume=st.floats(0.5, 2), growth=st.floats(-0.05, 0.1), price=st.floats(0.5, 2),
    share=st.floats(-0.3, 0.3),
)  # fmt: skip
def test_levers_and_the_changed_tree_agree(volume, growth, price, share):
    change = Change(volume=volume, growth=growth, price=price, share=share)
    anew = EnvelopeState(changed(TREE, change), DRAWS).costs()
    np.testing.assert_allclose(costs_under(STATE, DRAWS, change), anew, rtol=1e-4)


def test_base_case_worked_by_hand():
    # 1,000 calls, half of them fresh at 2 USD: 1,000 USD a month.
    assert base_case(changed(TREE, Change(volume=1.5, price=2))).by_month[0] == pytest.approx(3_000)
    assert base_case(changed(TREE, Change(share=0.25))).by_month[0] == pytest.approx(500)
    assert base_case(changed(TREE, Change(growth=0.1))).by_month[2] == pytest.approx(1_210)


def test_a_share_stays_a_share():
    assert costs_under(STATE, DRAWS, Change(share=0.9)).min() > 0
