import math
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import InputError
from workbench.models.envelope.base_case import base_case
from workbench.models.envelope.leaves import (
    Judged,
    correlation_of_periods,
    measured_by_customer,
    measured_by_day,
)
from workbench.models.envelope.paths import draw
from workbench.models.envelope.redraw import EnvelopeState, Levers
from workbench.models.envelope.risk import (
    budget_risk,
    contingency_usd,
    month_names,
    s_curve,
    summarise,
)
from workbench.models.envelope.sensitivity import Stress, stress_tests, tornado
from workbench.models.envelope.tree import (
    Commitment,
    CostLine,
    CostTree,
    Driver,
    Event,
    FixedCost,
    PriceStep,
)

Z90 = 1.2815515655446004


def judged(value, low=None, high=None, *, is_share=False) -> Judged:
    return Judged(
        value=value,
        low=value if low is None else low,
        high=value if high is None else high,
        owner="analyst",
        on=date(2026, 11, 1),
        source="invented for a test",
        is_share=is_share,
    )


def lognormal(median: float, sigma: float) -> Judged:
    return judged(median, median * math.exp(-Z90 * sigma), median * math.exp(Z90 * sigma))


def tokens(price=4.0, users=None, **rest) -> CostTree:
    """Four drivers of the worked example over one month: 10,000 x 30 x 2,500 x 4 / 1e6 = 3,000."""
    drivers = (
        Driver(name="users", leaf=users or lognormal(10_000, 0.1)),
        Driver(name="requests", leaf=lognormal(30, 0.2)),
        Driver(name="tokens", leaf=lognormal(2_500, 0.3)),
        Driver(name="price", leaf=lognormal(1.0, 0.15)),
    )
    line = CostLine(
        name="chat",
        drivers=("users", "requests", "tokens", "price"),
        prices=(PriceStep(month=0, usd=price),),
        per_units=1e6,
    )
    settings_ = {"months": 1, "drivers": drivers, "lines": (line,)} | rest
    return CostTree(**settings_)


def costs(tree: CostTree, *, paths=4_096, levers=None):
    return EnvelopeState(tree, draw(tree, seed=1, paths=paths)).costs(levers)


def simple(months=3, price=((0, 2.0),), **rest) -> CostTree:
    """10 users x 5 images, certain: 100 USD a month at 2 USD an image."""
    return CostTree(
        months=months,
        drivers=(
            Driver(name="users", leaf=judged(10.0)),
            Driver(name="images", leaf=judged(5.0)),
        ),
        lines=(
            CostLine(
                name="pictures",
                drivers=("users", "images"),
                prices=tuple(PriceStep(month=month, usd=usd) for month, usd in price),
            ),
        ),
        **rest,
    )


def test_paths_agree_with_the_closed_form():
    # With rho 0.5 between requests and tokens: 1,639.03 / 3,000 / 5,491.05, P(> 4,500) 19.50 %.
    tree = tokens(correlations={("requests", "tokens"): 0.5})
    drawn = costs(tree, paths=32_768)
    spread = summarise(drawn, months=["2026-11"]).total
    assert spread.p10 == pytest.approx(1_639.03, rel=0.01)
    assert spread.p50 == pytest.approx(3_000.0, rel=0.01)
    assert spread.p90 == pytest.approx(5_491.05, rel=0.01)
    risk = budget_risk(drawn, budget_usd=[4_500.0], months=["2026-11"])
    assert risk.p_breach == pytest.approx(0.1950, abs=0.005)
    assert contingency_usd(drawn, budget_usd=4_500.0, confidence=0.9) == pytest.approx(
        991.05, rel=0.03
    )


def test_certain_drivers_cost_what_they_multiply_to():
    assert costs(simple(), paths=2).tolist() == [[100.0, 100.0]] * 3


def test_a_price_holds_until_its_dated_step():
    drawn = costs(simple(months=4, price=((0, 2.0), (2, 1.5))), paths=2)
    assert drawn[:, 0].tolist() == [100.0, 100.0, 75.0, 75.0]


def test_growth_compounds_from_the_first_month():
    tree = simple()
    grown = replace(tree, drivers=(replace(tree.drivers[0], monthly_growth=0.1), tree.drivers[1]))
    assert costs(grown, paths=2)[:, 0] == pytest.approx([100.0, 110.0, 121.0])


def test_shares_and_uplifts_split_a_line():
    # Cache hit 25 %, retries 10 %: fresh 100 * 0.75 * 1.1, cached 100 * 0.25 * 0.1 price.
    drivers = (
        Driver(name="tokens", leaf=judged(100.0)),
        Driver(name="hit", leaf=judged(0.25, is_share=True)),
        Driver(name="retry", leaf=judged(0.1, is_share=True)),
    )
    one = (PriceStep(month=0, usd=1.0),)
    fresh = CostLine(
        name="fresh", drivers=("tokens",), complements=("hit",), uplifts=("retry",), prices=one
    )
    cached = CostLine(
        name="cached", drivers=("tokens", "hit"), prices=(PriceStep(month=0, usd=0.1),)
    )
    tree = CostTree(months=1, drivers=drivers, lines=(fresh, cached))
    assert costs(tree, paths=2)[0, 0] == pytest.approx(82.5 + 2.5)


def test_what_is_committed_and_not_used_is_paid():
    committed = Commitment(name="commit", lines=("pictures",), usd_per_month=130.0)
    fixed = FixedCost(name="tools", usd_by_month=(1.0, 2.0, 3.0))
    drawn = costs(simple(commitments=(committed,), fixed=(fixed,)), paths=2)
    assert drawn[:, 0] == pytest.approx([131.0, 132.0, 133.0])
    covered = replace(committed, usd_per_month=60.0)
    assert costs(simple(commitments=(covered,)), paths=2)[0, 0] == pytest.approx(100.0)


def test_the_base_case_follows_the_same_tree_as_the_paths():
    event = Event(
        name="retires", lines=("pictures",), probability=1.0, first_month=1, last_month=1,
        factor=judged(1.5), one_off_usd=40.0,
    )  # fmt: skip
    tree = simple(
        price=((0, 2.0), (2, 1.0)),
        events=(event,),
        commitments=(Commitment(name="commit", lines=("pictures",), usd_per_month=130.0),),
        fixed=(FixedCost(name="tools", usd_by_month=(1.0, 2.0, 3.0)),),
    )
    # 100 + 30 unused + 1; 150 + 40 once + 2; 75 + 55 unused + 3.
    assert base_case(tree).by_month == (131.0, 192.0, 133.0)
    assert costs(tree, paths=2)[:, 0] == pytest.approx([131.0, 192.0, 133.0])


def test_an_event_after_the_span_changes_nothing():
    late = Event(
        name="later", lines=("pictures",), probability=1.0, first_month=9, last_month=9,
        factor=judged(5.0), one_off_usd=40.0,
    )  # fmt: skip
    assert base_case(simple(events=(late,))).by_month == (100.0, 100.0, 100.0)
    assert costs(simple(events=(late,)), paths=2)[:, 0].tolist() == [100.0, 100.0, 100.0]


def test_a_forced_migration_comes_in_its_month():
    migration = Event(
        name="model retires",
        lines=("pictures",),
        probability=1.0,
        first_month=1,
        last_month=1,
        factor=judged(1.5),
        one_off_usd=40.0,
    )
    assert costs(simple(events=(migration,)), paths=2)[:, 0] == pytest.approx([100, 190, 150])


def test_an_event_happens_on_its_share_of_paths():
    rollout = Event(
        name="agents",
        lines=("pictures",),
        probability=0.25,
        first_month=0,
        last_month=2,
        factor=judged(3.0),
    )
    drawn = costs(simple(events=(rollout,)), paths=4_096)
    assert (drawn[2] > 200).mean() == pytest.approx(0.25, abs=0.01)
    # Spread evenly over three months: a third of them have begun in the first.
    assert (drawn[0] > 200).mean() == pytest.approx(0.25 / 3, abs=0.01)


def test_shocks_widen_without_raising_the_mean():
    tree = simple(months=12)
    moving = replace(tree, drivers=(replace(tree.drivers[0], monthly_sigma=0.1), tree.drivers[1]))
    drawn = costs(moving)
    assert drawn[11].mean() == pytest.approx(100.0, rel=0.01)
    assert drawn[0].std() == pytest.approx(0.0, abs=1e-4)
    # sd of log after 11 months: 0.1 * sqrt(11).
    assert np.log(drawn[11]).std() == pytest.approx(0.1 * math.sqrt(11), rel=0.03)


def test_the_same_seed_draws_the_same():
    tree = tokens()
    one, two = draw(tree, seed=5, paths=64), draw(tree, seed=5, paths=64)
    assert np.array_equal(one.level, two.level)
    assert not np.array_equal(one.level, draw(tree, seed=6, paths=64).level)


def test_levers_do_what_a_changed_tree_does():
    tree, changed = tokens(), tokens(price=8.0, users=lognormal(5_000, 0.1))
    by_lever = costs(
        tree, levers=Levers(driver_factors={"users": 0.5}, price_factors={"chat": 2.0})
    )
    assert by_lever == pytest.approx(costs(changed), rel=1e-5)


def test_a_lever_on_nothing_is_refused():
    with pytest.raises(InputError, match="nobody"):
        costs(tokens(), levers=Levers(driver_factors={"nobody": 2.0}))


@settings(max_examples=25, deadline=None)
@given(factor=st.floats(1.0, 50.0))
def test_more_tokens_never_cost_less(factor):
    tree = tokens()
    assert (
        costs(tree, paths=64, levers=Levers(driver_factors={"tokens": factor}))
        >= costs(tree, paths=64)
    ).all()


@settings(max_examples=25, deadline=None)
@given(factor=st.floats(0.01, 100.0))
def test_scaling_prices_scales_cost(factor):
    tree = tokens()
    scaled = costs(tree, paths=64, levers=Levers(price_factors={"chat": factor}))
    assert scaled == pytest.approx(factor * costs(tree, paths=64), rel=1e-4)


@settings(max_examples=25, deadline=None)
@given(budgets=st.lists(st.floats(0, 1e4), min_size=2, max_size=5))
def test_a_larger_budget_never_breaks_more_often(budgets):
    drawn = costs(tokens(), paths=256)
    risks = [
        budget_risk(drawn, budget_usd=[budget], months=["2026-11"]).p_breach
        for budget in sorted(budgets)
    ]
    assert risks == sorted(risks, reverse=True)


def test_risk_names_month_and_overrun():
    # Two paths: 100, 100, 100 and 100, 100, 160 against 110 a month: -10, -20 then -30 or +30.
    drawn = np.array([[100, 100], [100, 100], [100, 160]], dtype=np.float32)
    risk = budget_risk(drawn, budget_usd=[110.0] * 3, months=month_names("2026-12", 3))
    assert risk.p_breach_by_month == (0.0, 0.0, 0.5)
    assert risk.p_breach_cumulative == (0.0, 0.0, 0.5)
    assert risk.first_likely_breach is None
    assert risk.expected_overrun_usd == pytest.approx(30.0)
    tight = budget_risk(drawn, budget_usd=[100.0, 99.0, 99.0], months=month_names("2026-12", 3))
    assert tight.first_likely_breach == "2027-01"
    never = budget_risk(drawn, budget_usd=[500.0] * 3, months=month_names("2026-12", 3))
    assert (never.expected_overrun_usd, never.p_breach, never.p_within) == (None, 0.0, 1.0)


def test_a_year_is_read_from_its_paths_not_from_its_months():
    # Independent months: the year's P90 lies below the sum of monthly P90s.
    rng = np.random.default_rng(2)
    drawn = rng.lognormal(0, 0.5, (12, 4_096)).astype(np.float32)
    envelope = summarise(drawn, months=month_names("2027-01", 12))
    assert envelope.by_year["2027"].p90 < sum(month.p90 for month in envelope.by_month) * 0.85
    assert envelope.by_year["2027"] == envelope.total == envelope.cumulative[-1]


def test_tornado_matches_the_lognormal_swing():
    swings = tornado(tokens())
    assert [swing.name for swing in swings] == ["tokens", "requests", "price", "users"]
    assert base_case(tokens()).total == pytest.approx(3_000.0)
    # 3,000 * exp(+-1.28155 * 0.3) = 4,406.52 and 2,042.43.
    assert (swings[0].low_usd, swings[0].high_usd) == pytest.approx((2_042.43, 4_406.52), rel=1e-4)


def test_stress_tests_use_the_base_draws():
    tree = tokens()
    results = stress_tests(
        tree,
        draw(tree, seed=1, paths=1_024),
        [
            Stress(name="nothing"),
            Stress(name="context doubles", driver_factors={"tokens": 2.0}),
            Stress(name="FX +10 %", all_prices=1.1),
        ],
        months=["2026-11"],
        budget_usd=4_500.0,
    )
    base_p50 = results[0].total.p50
    assert results[0].change_of_p50_usd == 0.0
    assert results[1].change_of_p50_usd == pytest.approx(base_p50, rel=1e-5)
    assert results[2].change_of_p50_usd == pytest.approx(0.1 * base_p50, rel=1e-4)
    assert results[1].p_breach > results[2].p_breach > results[0].p_breach


def test_s_curve_rises_from_the_cheapest_path_to_the_dearest():
    drawn = costs(tokens(), paths=256)
    usd, level = s_curve(drawn)
    assert (np.diff(usd) >= 0).all()
    assert (usd[0], usd[-1]) == pytest.approx((drawn.min(), drawn.max()), rel=1e-6)
    assert level[[0, -1]].tolist() == [0.0, 1.0]


def test_a_judgement_meets_its_three_figures():
    leaf = judged(10.0, 6.0, 30.0)
    assert leaf.at(np.array([-Z90, 0.0, Z90])) == pytest.approx([6.0, 10.0, 30.0])
    share = judged(0.3, 0.1, 0.4, is_share=True)
    assert share.at(np.array([-Z90, 0.0, Z90, 9.0]))[:3] == pytest.approx([0.1, 0.3, 0.4])
    assert share.at(np.array([9.0]))[0] < 1


@pytest.mark.parametrize(
    ("value", "low", "high", "is_share"),
    [(5, 6, 7, False), (5, 0, 7, False), (0.5, 0.2, 1.0, True), (1.5, 1.5, 1.5, True)],
)
def test_impossible_judgements_are_refused(value, low, high, is_share):
    with pytest.raises(InputError):
        judged(value, low, high, is_share=is_share)


def test_bootstrap_by_day_is_wider_where_days_hang_together():
    rng = np.random.default_rng(4)
    noise = rng.standard_normal(280)
    alone = 100 + 10 * noise
    together = 100 + 10 * np.repeat(rng.standard_normal(40), 7)
    spread = [
        float(np.ptp(measured_by_day(days, source="test", seed=1).at(np.array([-Z90, Z90]))))
        for days in (alone, together)
    ]
    assert spread[1] > 1.8 * spread[0]


def test_bootstrap_of_a_ratio_weighs_by_use():
    leaf = measured_by_customer(
        np.array([1.0, 5.0] * 200),
        weights=np.array([3.0, 1.0] * 200),
        source="test",
        seed=1,
    )
    # (3 * 1 + 1 * 5) / 4 = 2.
    assert leaf.p50 == pytest.approx(2.0, rel=0.05)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"correlations": {("requests", "nobody"): 0.5}}, "nobody"),
        ({"commitments": (Commitment(name="c", lines=("x",), usd_per_month=1),)}, "x"),
        ({"fixed": (FixedCost(name="tools", usd_by_month=(1.0, 2.0)),)}, "tools"),
    ],
)
def test_a_tree_that_does_not_hang_together_is_refused(change, message):
    with pytest.raises(InputError, match=message):
        tokens(**change)


def test_contradicting_correlations_are_refused():
    pairs = {("users", "requests"): 0.9, ("requests", "tokens"): 0.9, ("users", "tokens"): -0.9}
    with pytest.raises(InputError, match="contradict"):
        draw(tokens(correlations=pairs), seed=1, paths=2)


def test_paths_must_be_a_power_of_two():
    with pytest.raises(InputError, match="1000"):
        draw(tokens(), seed=1, paths=1_000)


def test_correlation_is_of_periods_that_move_together():
    one = np.exp(np.arange(10.0))
    assert correlation_of_periods(one, one**0.5) == pytest.approx(1.0)
    assert correlation_of_periods(one, 1 / one) == pytest.approx(-1.0)
    assert correlation_of_periods(one, np.ones(10)) is None
    assert correlation_of_periods(one[:7], one[:7]) is None
