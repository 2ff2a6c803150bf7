from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.proportion import proportion_confint

from workbench.models.readiness.controls import (
    Component,
    clean_sample_bound,
    cohen_kappa,
    composite_availability,
    concentration,
    impact_ratios,
    p_chart_breaches,
    sample_ratio_p_value,
    shared_between,
    sla_credit_share,
    wilson_interval,
)  # fmt: skip
from workbench.models.readiness.stages import (
    CheckStanding,
    Waiver,
    reached_stage,
    stage_standings,
    worst,
)  # fmt: skip


def standing(check_id, verdict, *, waived=False):
    return CheckStanding(check_id=check_id, stage=int(check_id[1]), verdict=verdict, waived=waived)


@pytest.mark.parametrize(("successes", "trials"), [(0, 10), (10, 10), (905, 1000), (3, 17)])
def test_wilson_agrees_with_statsmodels(successes, trials):
    expected = proportion_confint(successes, trials, method="wilson")
    assert wilson_interval(successes, trials=trials) == pytest.approx(expected, abs=1e-12)


def test_three_thousand_clean_samples_bound_a_rate_below_one_in_a_thousand():
    assert clean_sample_bound(3_000) == pytest.approx(0.001)
    assert clean_sample_bound(2) == 1.0


@pytest.mark.parametrize(
    ("exposed", "eligible", "share"), [(480, 1000, 0.5), (60, 1000, 0.05), (1, 99, 0.01)]
)
def test_sample_ratio_agrees_with_scipy(exposed, eligible, share):
    expected = stats.chisquare(
        [exposed, eligible - exposed], [eligible * share, eligible * (1 - share)]
    )
    found = sample_ratio_p_value(
        exposed_users=exposed, eligible_users=eligible, planned_share=share
    )
    assert found == pytest.approx(expected.pvalue)


def test_nobody_or_everybody_leaves_no_chance():
    assert sample_ratio_p_value(exposed_users=10, eligible_users=10, planned_share=1) == 1.0
    assert sample_ratio_p_value(exposed_users=9, eligible_users=10, planned_share=1) == 0.0
    assert sample_ratio_p_value(exposed_users=1, eligible_users=10, planned_share=0) == 0.0


def test_kappa_agrees_with_statsmodels():
    first = ["yes"] * 45 + ["no"] * 55
    second = ["yes"] * 35 + ["no"] * 10 + ["yes"] * 5 + ["no"] * 50
    expected = cohens_kappa([[35, 10], [5, 50]]).kappa
    assert cohen_kappa(first, second) == pytest.approx(expected)
    assert cohen_kappa(["yes"], ["yes"]) is None


def test_composite_availability_by_hand():
    parts = [
        Component(name="gateway", availability=0.999),
        Component(name="a", availability=0.996, parallel_group="model"),
        Component(name="b", availability=0.996, parallel_group="model"),
    ]
    # Two independent providers at 99.6 % give 99.9984 %.
    assert composite_availability(parts[1:]) == pytest.approx(0.999984)
    assert composite_availability(parts) == pytest.approx(0.999 * 0.999984)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_a_chain_is_never_better_than_its_weakest_part(shares):
    parts = [Component(name=str(i), availability=share) for i, share in enumerate(shares)]
    assert composite_availability(parts) <= min(shares) + 1e-12


@pytest.mark.parametrize(
    ("availability", "credit"),
    [(0.9995, 0), (0.999, 0), (0.9989, 0.1), (0.9899, 0.25), (0.94, 1.0)],
)
def test_bedrock_credits(availability, credit):
    tiers = [(0.999, 0.10), (0.99, 0.25), (0.95, 1.0)]
    assert sla_credit_share(availability=availability, tiers=tiers) == credit


def test_concentration_by_hand():
    assert concentration({"a": 1}) == 1
    assert concentration({"a": 50, "b": 50}) == 0.5
    assert concentration({"a": 60, "b": 30, "c": 10}) == pytest.approx(0.46)


def test_four_fifths_by_hand():
    # EEOC's example: 48/80 against 12/40 is 0.3/0.6.
    rows = impact_ratios({"white": (48, 80), "black": (12, 40)})
    assert rows[0].group == "black"
    assert rows[0].ratio == pytest.approx(0.5)
    assert rows[0].ratio_low < 0.5 < rows[0].ratio_high < 1
    assert rows[1].ratio == 1


def test_four_fifths_agrees_with_fairlearn():
    metrics = pytest.importorskip("fairlearn.metrics")
    selected = [1] * 48 + [0] * 32 + [1] * 12 + [0] * 28
    groups = ["a"] * 80 + ["b"] * 40
    expected = metrics.demographic_parity_ratio(selected, selected, sensitive_features=groups)
    assert impact_ratios({"a": (48, 80), "b": (12, 40)})[0].ratio == pytest.approx(expected)


def test_p_chart_names_the_week_outside_its_limits():
    assert p_chart_breaches([10, 11, 9, 40], [100, 100, 100, 100]) == (3,)
    assert p_chart_breaches([10, 10, 10], [100, 100, 100]) == ()


def test_nothing_shared_between_different_kinds():
    assert shared_between({("key", "a")}, {("role", "a")}) == ()
    assert shared_between({("key", "a"), ("role", "b")}, {("key", "a")}) == (("key", "a"),)


@given(
    st.lists(
        st.sampled_from(["pass", "fail", "insufficient evidence", "not applicable"]), min_size=1
    )
)
def test_one_failure_decides(verdicts):
    assert worst([*verdicts, "fail"]) == "fail"
    assert worst([*verdicts, "not applicable"]) == worst(verdicts)


def test_no_evidence_is_not_a_pass():
    with pytest.raises(ValueError, match="no verdicts"):
        worst([])


def test_a_waiver_covers_insufficient_evidence_and_never_a_failure():
    thin = standing("G1-01", "insufficient evidence", waived=True)
    bad = standing("G1-02", "fail", waived=True)
    assert stage_standings([thin])[0].passed
    found = stage_standings([thin, bad])[0]
    assert (found.passed, found.blocking) == (False, ("G1-02",))


def test_reached_stage_stops_at_the_first_gap():
    checks = [standing("G0-01", "pass"), standing("G1-01", "fail"), standing("G2-01", "pass")]
    assert reached_stage(stage_standings(checks)) == 0
    assert reached_stage(stage_standings(checks[1:])) is None


def test_a_waiver_holds_on_its_last_day_and_not_after():
    waiver = Waiver(
        check_id="G1-01", owner="risk lead", reason="new", granted_on=date(2026, 1, 1),
        expires_on=date(2026, 3, 1), feature="chat",
    )  # fmt: skip
    assert waiver.covers("G1-01", feature="chat", on=date(2026, 3, 1))
    assert not waiver.covers("G1-01", feature="chat", on=date(2026, 3, 2))
    assert not waiver.covers("G1-01", feature="other", on=date(2026, 2, 1))
