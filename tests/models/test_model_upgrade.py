import numpy as np
import pytest
from statsmodels.stats.power import NormalIndPower
from statsmodels.stats.proportion import test_proportions_2indep as two_proportions

from workbench.models.model_upgrade import (
    Correction,
    EvaluatedCase,
    compare_models,
    cut_over_plan,
    efficiency,
    feedback_loop,
    paired_cases_needed,
    paired_non_inferiority,
    unpaired_cases_needed,
)  # fmt: skip


def cases(count, *, wrong=(), **fields):
    defaults = {"cost_usd": 0.01, "latency_ms": 900.0, "refused": False, "schema_valid": True,
                "attack_resisted": True}  # fmt: skip
    return [
        EvaluatedCase(case_id=f"c{i}", success=i not in wrong, **{**defaults, **fields})
        for i in range(count)
    ]


def test_default_case_numbers():
    assert [unpaired_cases_needed(success_rate=0.9, margin=m) for m in (0.05, 0.03, 0.02)] == [
        566,
        1570,
        3532,
    ]
    assert [paired_cases_needed(discordance=0.1, margin=m) for m in (0.05, 0.02)] == [314, 1963]


def test_unpaired_number_agrees_with_statsmodels():
    deviation = np.sqrt(0.9 * 0.1)
    theirs = NormalIndPower().solve_power(
        0.05 / deviation, alpha=0.025, power=0.8, alternative="larger"
    )
    assert unpaired_cases_needed(success_rate=0.9, margin=0.05) == int(np.ceil(theirs))


def test_close_scores_do_not_show_non_inferiority_at_two_points():
    # 905 against 910 of 1,000: statsmodels gives p = 0.12 unpaired; pairing 10 % discordance agrees.
    unpaired = two_proportions(905, 1000, 910, 1000, value=-0.02, alternative="larger")
    assert unpaired.pvalue == pytest.approx(0.12, abs=0.005)
    old = [True] * 910 + [False] * 90
    new = [False] * 52 + [True] * 858 + [True] * 47 + [False] * 43
    found = paired_non_inferiority(old=old, new=new, margin=0.02)
    assert (sum(new), found.difference) == (905, pytest.approx(-0.005))
    assert found.verdict == "not shown"
    assert paired_non_inferiority(old=old, new=new, margin=0.05).verdict == "non-inferior"


def test_lower_bound_by_hand():
    # b = 10.5, c = 20.5, m = 102: (b - c)/m - 1.96 sqrt(31 - 100/102)/102
    old = [True] * 20 + [False] * 10 + [True] * 70
    new = [False] * 20 + [True] * 10 + [True] * 70
    found = paired_non_inferiority(old=old, new=new, margin=0.05)
    assert found.lower_bound == pytest.approx(-0.09804 - 1.95996 * 5.47902 / 102, abs=1e-5)


def test_fifty_identical_answers_prove_nothing_at_two_points():
    found = paired_non_inferiority(old=[True] * 50, new=[True] * 50, margin=0.02)
    assert found.verdict == "not shown"


def test_a_clearly_worse_model_is_inferior():
    found = paired_non_inferiority(old=[True] * 400, new=[True] * 300 + [False] * 100, margin=0.05)
    assert found.verdict == "inferior"


def test_coverage_of_the_lower_bound():
    random = np.random.default_rng(5)
    kept = 0
    for _ in range(1_500):
        draw = random.random(300)
        old, new = draw < 0.90, (draw > 0.05) & (draw < 0.93)
        kept += (
            paired_non_inferiority(old=old.tolist(), new=new.tolist(), margin=0.05).lower_bound
            <= -0.02
        )
    assert kept / 1_500 == pytest.approx(0.975, abs=0.015)


def test_cost_per_success_counts_failures():
    assert efficiency(cases(10, wrong={0, 1})).usd_per_success == pytest.approx(0.1 / 8)
    assert efficiency(cases(3, cost_usd=None)).usd_per_success is None


def test_cut_over_needs_cost_and_safety():
    old, new = cases(1_000, wrong=set(range(50))), cases(1_000, wrong=set(range(50)))
    found = compare_models(old=old, new=new, critical=False)
    assert (found.verdict, found.reasons) == ("cut over", ())
    dearer = compare_models(
        old=old, new=cases(1_000, wrong=set(range(50)), cost_usd=0.012), critical=False
    )
    assert dearer.verdict == "do not cut over"
    assert dearer.cost_change == pytest.approx(0.2)
    approved = compare_models(
        old=old,
        new=cases(1_000, wrong=set(range(50)), cost_usd=0.012),
        critical=False,
        cost_rise_approved=True,
    )
    assert approved.verdict == "cut over"
    broken = compare_models(old=old, new=cases(1_000, schema_valid=False), critical=False)
    assert broken.verdict == "do not cut over"
    assert cut_over_plan(broken, requests_per_hour=100) == ()


def test_plan_holds_long_enough_for_the_metric():
    old = cases(1_000, wrong=set(range(100)))
    plan = cut_over_plan(compare_models(old=old, new=old, critical=False), requests_per_hour=1_000)
    assert [step.share for step in plan] == [0.01, 0.05, 0.25, 0.5, 1.0]
    assert plan[0].requests_needed == 566
    assert plan[0].hold_hours == pytest.approx(56.6)
    assert plan[-1].hold_hours == 24


def test_only_cases_both_answered_are_compared():
    found = compare_models(old=cases(600), new=cases(601), critical=False)
    assert (found.quality.pairs, found.unmatched_cases) == (600, 1)
    with pytest.raises(ValueError, match="share no case"):
        compare_models(old=cases(1), new=[EvaluatedCase(case_id="x", success=True)], critical=False)
    with pytest.raises(ValueError, match="occurs twice"):
        compare_models(old=[*cases(1), *cases(1)], new=cases(1), critical=False)


def test_feedback_leaves_out_what_is_still_young():
    rows = [
        Correction(reported_day=0, triaged_day=3, fixed_day=10, confirmed=True, evaluation_cases=1),
        Correction(reported_day=0, triaged_day=20, fixed_day=30, confirmed=True),
        Correction(reported_day=95),
        Correction(reported_day=50),
    ]
    found = feedback_loop(rows, as_of_day=100)
    assert (found.corrections, found.triaged_share) == (3, pytest.approx(1 / 3))
    assert (found.median_days_to_fix, found.confirmed, found.confirmed_with_case) == (20, 2, 1)
    assert feedback_loop(rows[2:3], as_of_day=100) is None
