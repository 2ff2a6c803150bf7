import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import InputError
from workbench.models.variance.bridge import Step, budget_bridge, variance_steps
from workbench.models.variance.headless import variance_report
from workbench.models.variance.legs import LEGS, PeriodUsage, UsageOfModel, usage_legs
from workbench.models.variance.months import MeteredLine, MonthFacts, compare
from workbench.models.variance.opened import cents_that_add, legs_bar, variance_bar
from workbench.models.variance.opened_plan import PlanParts, plan_bar
from workbench.models.variance.pvm import Line, fx_variance, price_volume_mix, with_successors

quantities = st.floats(0, 1e6).map(lambda value: round(value, 3))
prices = st.floats(0, 1e3).map(lambda value: round(value, 4))
lines = st.lists(
    st.builds(
        Line,
        name=st.sampled_from(["small", "large", "embed"]),
        team=st.sampled_from(["search", "support"]),
        quantity=quantities,
        unit_price_usd=prices,
    ),
    max_size=6,
)


def line(name: str, quantity: float, price: float, team: str = "") -> Line:
    return Line(name=name, quantity=quantity, unit_price_usd=price, team=team)


@given(base=lines, actual=lines)
def test_legs_sum_to_the_change(base, actual):
    split = price_volume_mix(base, actual)
    scale = max(split.base_usd, split.actual_usd, 1.0)
    assert abs(split.residual) <= 1e-9 * scale
    three_way = sum(
        split.leg(leg)
        for leg in (
            "price_at_base_quantity",
            "quantity_at_base_price",
            "joint",
            "new",
            "discontinued",
        )
    )
    assert three_way == pytest.approx(split.total, abs=1e-9 * scale)


@given(base=lines, actual=lines)
def test_both_forms_of_mix_have_one_total(base, actual):
    split = price_volume_mix(base, actual)
    scale = max(split.base_usd, split.actual_usd, 1.0)
    assert split.leg("mix_relative") == pytest.approx(split.leg("mix"), abs=1e-8 * scale)


def test_same_use_at_the_same_price_varies_nothing():
    period = [line("a", 3, 2.5), line("b", 7, 0.5)]
    split = price_volume_mix(period, period)
    assert [split.leg(leg) for leg in ("volume", "mix", "price", "new", "discontinued")] == [0] * 5


def test_a_line_without_quantity_does_not_exist():
    split = price_volume_mix([line("a", 0, 9.0)], [line("a", 4, 2.0), line("b", 0, 5.0)])
    assert (split.leg("new"), split.leg("price"), split.total) == (8.0, 0.0, 8.0)


def test_no_common_line_leaves_new_and_discontinued_only():
    split = price_volume_mix([line("old", 2, 5.0)], [line("new", 3, 4.0)])
    assert (split.leg("discontinued"), split.leg("new"), split.leg("mix")) == (-10.0, 12.0, 0.0)


def test_share_moving_between_teams_is_told_from_share_moving_inside_one():
    # Prices 1 and 3. Search keeps its 50:50, support keeps its 50:50, but 100 moves to support:
    base = [line("a", 100, 1, "search"), line("b", 100, 1, "search")]
    base += [line("a", 100, 3, "support"), line("b", 100, 3, "support")]
    actual = [line("a", 50, 1, "search"), line("b", 50, 1, "search")]
    actual += [line("a", 150, 3, "support"), line("b", 150, 3, "support")]
    split = price_volume_mix(base, actual)
    assert split.leg("mix_within") == pytest.approx(0.0)
    assert split.mix_between_teams == pytest.approx(200.0)


def test_a_migration_shows_as_price_once_the_successor_is_known():
    base, actual = [line("v1", 10, 5.0)], [line("v2", 10, 4.0)]
    assert price_volume_mix(base, actual).leg("price") == 0.0
    mapped = with_successors(base, {"v1": "v1.5", "v1.5": "v2"})
    split = price_volume_mix(mapped, actual)
    assert (split.leg("price"), split.leg("new"), split.leg("discontinued")) == (-10.0, 0.0, 0.0)


def test_successors_in_a_circle_are_refused():
    with pytest.raises(InputError, match="circle"):
        with_successors([line("a", 1, 1)], {"a": "b", "b": "a"})


def test_tokens_and_images_are_not_added():
    images = Line(name="picture", quantity=3, unit_price_usd=0.04, unit="image")
    with pytest.raises(InputError, match="Mtok"):
        price_volume_mix([line("a", 1, 1)], [images])


@pytest.mark.parametrize("quantity", [-1.0, math.nan, math.inf])
def test_impossible_quantities_are_refused(quantity):
    with pytest.raises(InputError, match="quantity"):
        line("a", quantity, 1.0)


def test_a_stronger_currency_alone_is_all_fx():
    change = fx_variance(local_base=50.0, local_actual=50.0, fx_budget=1.0, fx_actual=1.2)
    assert (change.operating, change.fx) == (0.0, pytest.approx(10.0))


def usage(
    users=100.0, requests=1_000.0, mtok=10.0, cached=0.0, large=0.5, price=2.0, discount=0.0, fx=1.0
) -> PeriodUsage:
    def model(share: float, usd: float) -> UsageOfModel:
        tokens = mtok * share
        return UsageOfModel(
            mtok={"input": tokens * (1 - cached), "cache_read": tokens * cached},
            list_usd_per_mtok={"input": usd, "cache_read": usd / 10},
            discount=discount,
        )

    return PeriodUsage(
        users=users,
        requests=requests,
        models={"large": model(large, 5 * price), "small": model(1 - large, price)},
        fx=fx,
    )


@pytest.mark.parametrize(
    ("leg", "actual"),
    [
        ("users", usage(users=120, requests=1_200, mtok=12)),
        ("requests_per_user", usage(requests=1_500, mtok=15)),
        ("tokens_per_request", usage(mtok=15)),
        ("cache_share", usage(cached=0.4)),
        ("model_mix", usage(large=0.2)),
        ("list_price", usage(price=3)),
        ("discount", usage(discount=0.1)),
        ("fx", usage(fx=1.1)),
    ],
)
@pytest.mark.parametrize("method", ["sequential", "shapley"])
def test_one_cause_shows_in_one_leg(leg, actual, method):
    split = usage_legs(usage(), actual, method=method)
    assert split.legs[leg] == pytest.approx(split.total)
    assert abs(split.total) > 1
    assert [split.legs[other] for other in LEGS if other != leg] == pytest.approx([0] * 7)


@given(
    users=st.floats(1, 1e6),
    mtok=st.floats(0.1, 1e5),
    cached=st.floats(0, 1),
    large=st.floats(0, 1),
    price=st.floats(0.01, 100),
    discount=st.floats(-0.2, 0.9),
    fx=st.floats(0.5, 2),
    method=st.sampled_from(["sequential", "shapley"]),
)
def test_usage_legs_sum_to_the_change(users, mtok, cached, large, price, discount, fx, method):
    actual = usage(users, users * 7, mtok, cached, large, price, discount, fx)
    split = usage_legs(usage(), actual, method=method)
    scale = max(split.base_usd, split.actual_usd)
    assert sum(split.legs.values()) == pytest.approx(split.total, abs=1e-7 * scale)


@given(
    cached=st.floats(0, 1),
    large=st.floats(0, 1),
    price=st.floats(0.01, 100),
    discount=st.floats(-0.2, 0.9),
    method=st.sampled_from(["sequential", "shapley"]),
)
def test_rows_of_every_leg_sum_to_it(cached, large, price, discount, method):
    actual = usage(120, 900, 14, cached, large, price, discount, 1.1)
    split = usage_legs(usage(), actual, method=method)
    scale = max(split.base_usd, split.actual_usd)
    totals = {**split.legs, "base": split.base_usd, "actual": split.actual_usd}
    assert set(split.rows) == set(totals)
    for leg, usd in totals.items():
        opened = legs_bar(f"legs/{leg}", split, months=("2026-09", "2026-10"))
        assert opened.usd == usd
        assert opened.sum_usd == pytest.approx(usd, abs=1e-9 * scale)
    # By hand: the base has 10 Mtok; whatever moves, its rows cost what its period did.
    assert sum(row.before for row in split.rows["base"]) == pytest.approx(10)


def month_of(usd: float, *, model: str = "m", feature: str = "chat") -> MonthFacts:
    line = MeteredLine(provider="p", model=model, meter="output_tokens", feature=feature,
                       quantity=2.0, unit="Mtok", usd=usd, list_usd=usd)  # fmt: skip
    return MonthFacts(
        lines=(line,), users=1, users_by_feature={},
        features={feature: {"requests": 3.0, "usd": usd, "unpriced": 0}},
    )  # fmt: skip


def test_a_price_bar_opens_the_line_and_what_it_followed():
    followed = {"old": "new"}
    compared = compare(month_of(4, model="old"), month_of(10, model="new"), successors=followed)
    opened = variance_bar("pvm/price", compared, months=("a", "b"), followed=followed)
    (row,) = opened.rows
    assert (row.before, row.after, row.usd, opened.usd) == (2.0, 5.0, 6.0, 6.0)
    assert row.models == ("new", "old")
    assert variance_bar("pvm/after", compared, months=("a", "b"), followed={}).usd == 10
    for key in ("pvm/", "pvm/lines", "pvm/__class__", "legs/users"):
        assert variance_bar(key, compared, months=("a", "b"), followed={}) is None


def plan_parts(budget, facts) -> PlanParts:
    return PlanParts(
        months=sorted(budget), facts=facts, budget=budget, source="lead", file="b.yaml"
    )


def test_a_budget_bar_opens_its_months_and_a_plan_line_alone_says_whose_it_is():
    parts = plan_parts({"2026-01": {"chat": 5.0, "idle": 3.0}}, {"2026-01": month_of(7)})
    steps = [Step(label="chat", value_usd=2.0, rows=("chat",)), Step(label="idle", value_usd=-3.0, rows=("idle",))]  # fmt: skip
    bridge = budget_bridge(budget_usd=8.0, actual_usd=7.0, steps=steps)
    opened = {bar.key: plan_bar(bar.key, bridge, parts) for bar in bridge.bars}
    assert {key: bar.sum_usd for key, bar in opened.items()} == {
        "plan/budget": 8.0, "plan/step/chat": 2.0, "plan/step/idle": -3.0, "plan/actual": 7.0,
    }  # fmt: skip
    (idle,) = opened["plan/step/idle"].rows
    assert idle.source == "b.yaml › months.2026-01.idle; lead"
    assert opened["plan/step/idle"].note == "No usage is metered for idle: the plan line alone."
    assert plan_bar("plan/step/other", bridge, parts) is None
    assert plan_bar("", bridge, parts) is None


def test_cost_that_no_line_holds_is_a_row_of_its_own():
    facts = replace(month_of(7), features={"chat": {"requests": 3.0, "usd": 9.0, "unpriced": 0}})
    parts = plan_parts({"2026-01": {"chat": 5.0}}, {"2026-01": facts})
    bridge = budget_bridge(
        budget_usd=5.0, actual_usd=9.0, steps=[Step(label="chat", value_usd=4.0, rows=("chat",))]
    )
    opened = plan_bar("plan/step/chat", bridge, parts)
    assert opened.sum_usd == 4.0
    assert [row.usd for row in opened.rows if "no line" in row.name] == [2.0]


@given(st.lists(st.floats(-1e4, 1e4), min_size=1, max_size=30))
def test_shown_cents_add_up_to_the_shown_total(usd):
    total = math.fsum(usd)
    shown = cents_that_add(usd, total)
    assert round(math.fsum(shown) * 100) == round(total * 100)
    assert all(abs(a - b) < 0.0100001 for a, b in zip(shown, usd, strict=True))


def test_a_new_model_is_mix_and_never_a_price_change():
    base = usage(large=0.5)
    newcomer = UsageOfModel(mtok={"input": 10.0}, list_usd_per_mtok={"input": 1.0})
    split = usage_legs(base, PeriodUsage(users=100, requests=1_000, models={"new": newcomer}))
    assert split.legs["list_price"] == pytest.approx(0.0)
    assert split.legs["model_mix"] == pytest.approx(10.0 - split.base_usd)


def test_usage_without_a_price_is_refused():
    with pytest.raises(InputError, match="cache_read"):
        UsageOfModel(mtok={"cache_read": 1.0}, list_usd_per_mtok={"input": 1.0})


def test_bridge_runs_from_budget_to_actual_to_outlook():
    split = price_volume_mix([line("a", 10, 2.0)], [line("a", 15, 3.0)])
    bridge = budget_bridge(
        budget_usd=20.0,
        actual_usd=50.0,
        steps=[*variance_steps(split), Step(label="One-off", value_usd=3.0)],
        rest_of_year_usd=60.0,
        budget_year_usd=100.0,
    )
    bars = {bar.label: bar for bar in bridge.bars}
    assert bridge.unexplained_usd == pytest.approx(2.0)
    assert bars["Unexplained"].end_usd == pytest.approx(bars["Actual to date"].end_usd)
    assert bars["Outlook"].end_usd == 110.0
    assert bars["Price"].rows == ("a",)
    assert bridge.bars[-1].label == "Budget year"


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"base": []}, "`actual` must be a list"),
        ({"base": [{"name": "a"}], "actual": []}, r"base\[0\]"),
        (
            {"base": [], "actual": [{"name": "a", "quantity": "x", "unit_price_usd": 1}]},
            "must be a number",
        ),
        (
            {"base": [], "actual": [{"name": "a", "quantity": 1, "unit_price_usd": 1, "q": 1}]},
            "unknown keys",
        ),
    ],
)
def test_plain_data_that_is_no_period_is_refused(inputs, message):
    with pytest.raises(InputError, match=message):
        variance_report(inputs)


def test_plain_data_gives_the_legs_by_line():
    report = variance_report(
        {
            "base": [{"name": "a", "quantity": 10, "unit_price_usd": 2, "team": "x"}],
            "actual": [{"name": "a", "quantity": 15, "unit_price_usd": 3, "team": "x"}],
        }
    )
    assert (report["volume"], report["price"], report["total_variance"]) == (10.0, 15.0, 25.0)
    assert report["lines"][0]["team"] == "x"
