import numpy as np

from workbench.models.provider_exit.capabilities import Capabilities, Fact, Needs, fit, gaps
from workbench.models.provider_exit.replay import Traffic

YES, NO = Fact(answer="yes"), Fact(answer="no")


def traffic(context: list[int], **meters: list[int]) -> Traffic:
    return Traffic(
        instants_us=np.zeros(len(context), dtype=np.int64), context_tokens=np.array(context),
        meters={name: np.array(units) for name, units in meters.items()},
    )  # fmt: skip


def test_what_is_not_known_of_a_target_is_no_yes() -> None:
    needs = Needs(
        largest_request_tokens=150_000, asked=frozenset({"tools", "batch", "images in"}),
        regions=frozenset({"eu"}),
    )  # fmt: skip
    target = Capabilities(context_tokens=128_000, facts={"tools": YES, "images in": NO})
    assert gaps(needs, target) == (
        ("context", "missing"), ("batch", "unknown"), ("images in", "missing"), ("region", "unknown"),
    )  # fmt: skip
    elsewhere = Capabilities(context_tokens=200_000, regions=frozenset({"us"}))
    assert ("region", "missing") in gaps(needs, elsewhere)
    assert gaps(Needs(), Capabilities()) == ()


def test_a_request_is_counted_once_by_the_first_reason_it_does_not_fit() -> None:
    logged = traffic(
        [90, 95, 300, 10], output_tokens=[10, 6, 5, 0], images=[0, 0, 1, 1], pages=[0, 0, 0, 0]
    )
    target = Capabilities(context_tokens=100, facts={"text out": YES, "images out": NO})
    found = fit(logged, target)
    # 90 + 10 is exactly the window and fits; 95 + 6 is beyond it; both images are not made there
    assert found.is_served.tolist() == [True, False, False, False]
    assert found.not_servable == {"images out": 2, "context": 1}
    assert found.in_doubt == {}


def test_an_input_limit_leaves_the_output_out_and_an_unknown_window_is_in_doubt() -> None:
    logged = traffic([100, 101, 0], output_tokens=[900, 1, 5])
    found = fit(logged, Capabilities(input_tokens_at_most=100, facts={"text out": YES}))
    assert found.is_served.tolist() == [True, False, True]
    nothing = fit(logged, Capabilities())
    assert nothing.is_served.all()
    # the third has no size of its own: a provider's total fits any window
    assert nothing.in_doubt == {"text out": 3, "context": 2}
