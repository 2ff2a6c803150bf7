import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import InputError
from workbench.models.provider_exit.exit_cost import (
    COMPONENTS,
    PLANNED,
    Commitment,
    Effort,
    Inventory,
    Trigger,
    effort_names,
    exit_cost_usd,
    stressed,
    total_usd,
)
from workbench.models.provider_exit.schedule import Task, plan_schedule, schedule_risk
from workbench.models.provider_exit.uncertainty import ThreePoint, even_draws, fan

sure = ThreePoint.exactly

EFFORT = Effort(
    hours_per_prompt=sure(4), label_minutes_per_case=sure(3), evaluation_runs=sure(2),
    usd_per_hour=sure(100), training_usd_per_mtok=sure(25), embedding_usd_per_mtok=sure(0.02),
    usd_per_million_vectors=sure(2), egress_usd_per_gb=sure(0.09), recreate_usd_per_gb=sure(10),
    dual_run_days=sure(20), dual_run_share=sure(0.5), cache_warm_up_days=sure(2),
    project_hours=sure(200), revalidation_hours=sure(50),
)  # fmt: skip
INVENTORY = Inventory(
    prompts=30, evaluation_cases=400, usd_per_evaluation_run=75,
    fine_tune_training_tokens=10_000_000, embedding_corpus_tokens=1_000_000_000,
    vectors=4_000_000, data_gb=270, source_usd_per_day=500, cache_discount_usd_per_day=120,
    commitments=(Commitment(months_left=6, usd_per_month=2_000, reusable_share=0.25),),
    notice_days=30, usd_per_notice_day=10,
)  # fmt: skip
BY_HAND = {
    "prompts": 30 * 400,
    "evaluation": 20 * 100 + 150,
    "fine_tunes": 250,
    "embeddings": 20 + 8,
    "data_return": 24.3,
    "dual_run": 5_000,
    "cache_warm_up": 240,
    "stranded_commitments": 9_000,
    "notice": 100,
    "staff": 20_000,
    "revalidation": 5_000,
}


def test_a_planned_exit_adds_up_component_by_component() -> None:
    components = exit_cost_usd(INVENTORY, EFFORT, PLANNED)
    assert tuple(components) == COMPONENTS
    assert {name: usd[0] for name, usd in components.items()} == pytest.approx(BY_HAND)
    assert total_usd(components)[0] == pytest.approx(sum(BY_HAND.values()))


def test_a_stressed_exit_has_no_dual_run_and_makes_lost_data_again() -> None:
    rushed = exit_cost_usd(INVENTORY, EFFORT, stressed(hours_factor=1.5, data_returned_share=0.5))
    assert rushed["dual_run"][0] == 0
    assert rushed["notice"][0] == 0
    assert rushed["prompts"][0] == pytest.approx(18_000)
    # 135 GB come back at 0.09, 135 GB are made again at 10
    assert rushed["data_return"][0] == pytest.approx(12.15 + 1_350)


def test_the_fan_of_the_cost_comes_from_even_draws_and_repeats() -> None:
    uncertain = Effort(
        **{name: getattr(EFFORT, name) for name in effort_names()}
        | {"hours_per_prompt": ThreePoint(low=1, likely=4, high=16)}
    )
    draws = even_draws(effort_names(), log2_draws=12, seed=7)
    total = total_usd(exit_cost_usd(INVENTORY, uncertain, PLANNED, draws))
    # beta-PERT mean (1 + 16 + 16) / 6 = 5.5 h: 30 prompts x 1.5 h x 100 USD above the likely
    assert total.mean() == pytest.approx(sum(BY_HAND.values()) + 4_500, rel=1e-4)
    spread = fan(total)
    assert spread.p10 < spread.p50 < spread.p90
    again = total_usd(
        exit_cost_usd(
            INVENTORY, uncertain, PLANNED, even_draws(effort_names(), log2_draws=12, seed=7)
        )
    )
    assert np.array_equal(total, again)


def test_a_commitment_that_can_be_reused_strands_nothing() -> None:
    reused = Inventory(
        prompts=0, evaluation_cases=0,
        commitments=(Commitment(months_left=6, usd_per_month=2_000, reusable_share=1.0),),
    )  # fmt: skip
    assert exit_cost_usd(reused, EFFORT, PLANNED)["stranded_commitments"][0] == 0


@pytest.mark.parametrize(
    ("value", "worse_is", "verdict"),
    [
        (99.4, "below", "triggered"),
        (99.5, "below", "calm"),
        (99.6, "above", "triggered"),
        (None, "above", "insufficient evidence"),
    ],
)
def test_a_trigger_that_is_not_measured_says_so(value, worse_is, verdict) -> None:
    trigger = Trigger(name="availability", value=value, threshold=99.5, worse_is=worse_is)
    assert trigger.verdict == verdict


TASKS = [
    Task(name="decide", days=sure(5)),
    Task(name="prompts", days=sure(20), after=("decide",)),
    Task(name="contract", days=sure(30), after=("decide",)),
    Task(name="evaluate", days=sure(15), after=("prompts",)),
    Task(name="cut over", days=sure(2), after=("evaluate", "contract")),
]


def test_the_critical_path_of_five_tasks() -> None:
    # decide 5, prompts 25, evaluate 40, cut over 42; contract ends on day 35, 5 days of slack
    plan = plan_schedule(TASKS)
    assert plan.finish_day == 42
    assert plan.critical_path == ("decide", "prompts", "evaluate", "cut over")
    slack = {task.name: task.slack_days for task in plan.tasks}
    assert slack["contract"] == 5


def test_the_chance_to_be_done_within_the_tolerance() -> None:
    tasks = [*TASKS[:2], Task(name="evaluate", days=ThreePoint(low=0, likely=10, high=20))]
    tasks[2] = Task(name=tasks[2].name, days=tasks[2].days, after=("prompts",))
    draws = even_draws([task.name for task in tasks], log2_draws=12)
    risk = schedule_risk(tasks, draws, tolerance_days=35)
    # 25 days are sure, the rest is symmetric around 10: half of the draws are done by day 35
    assert risk.p_within_tolerance == pytest.approx(0.5, abs=0.01)
    assert risk.finish_days.p50 == pytest.approx(35, abs=0.1)
    assert risk.criticality == {"decide": 1.0, "prompts": 1.0, "evaluate": 1.0}


def test_tasks_that_wait_for_each_other_are_refused() -> None:
    circle = [
        Task(name="a", days=sure(1), after=("b",)),
        Task(name="b", days=sure(1), after=("a",)),
    ]
    with pytest.raises(InputError, match="wait for each other"):
        plan_schedule(circle)
    with pytest.raises(InputError, match=r"don't exist: \['x'\]"):
        plan_schedule([Task(name="a", days=sure(1), after=("x",))])


@given(
    days=st.lists(st.integers(0, 50), min_size=5, max_size=5),
    longer=st.integers(0, 4),
    more=st.integers(1, 30),
)
def test_a_longer_task_never_ends_the_exit_earlier_and_slack_absorbs_the_rest(
    days: list[int], longer: int, more: int
) -> None:
    names = [task.name for task in TASKS]
    lasting = {name: float(value) for name, value in zip(names, days, strict=True)}
    before = plan_schedule(TASKS, lasting)
    slack = {task.name: task.slack_days for task in before.tasks}[names[longer]]
    after = plan_schedule(TASKS, lasting | {names[longer]: lasting[names[longer]] + more})
    assert after.finish_day == pytest.approx(before.finish_day + max(0.0, more - slack))


@given(low=st.floats(0, 10), mode=st.floats(0, 10), high=st.floats(0, 10))
def test_quantiles_of_an_estimate_stay_between_its_ends(low, mode, high) -> None:
    low, mode, high = sorted((low, mode, high))
    estimate = ThreePoint(low=low, likely=mode, high=high)
    values = estimate.quantile(np.array([0.001, 0.5, 0.999]))
    assert np.all(np.diff(values) >= 0)
    assert low - 1e-9 <= values[0]
    assert values[2] <= high + 1e-9
