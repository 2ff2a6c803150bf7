from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.models.overview import RUN_RATE_LABEL, answer_sentence, month_to_date


def days(first: date, values: list[float]) -> dict[date, float]:
    return {first + timedelta(days=n): value for n, value in enumerate(values)}


SEPTEMBER = days(date(2026, 9, 1), [10.0] * 30)


def test_a_month_so_far_beside_the_same_days_before() -> None:
    october = days(date(2026, 10, 1), [12.0] * 10)
    found = month_to_date(SEPTEMBER | october, as_of=date(2026, 10, 10))
    assert found.spend_usd == pytest.approx(120)
    assert found.previous_usd == pytest.approx(100)
    assert found.change_ratio == pytest.approx(0.2)
    assert found.run_rate_month_end_usd == pytest.approx(372)
    assert found.run_rate_label == "run-rate, uncalibrated"
    assert found.missing_days == 0


def test_days_after_as_of_are_not_looked_at() -> None:
    october = days(date(2026, 10, 1), [1.0] * 5 + [1_000.0] * 5)
    assert month_to_date(october, as_of=date(2026, 10, 5)).spend_usd == pytest.approx(5)


def test_the_last_day_projects_what_was_spent() -> None:
    found = month_to_date(SEPTEMBER, as_of=date(2026, 9, 30))
    assert found.run_rate_month_end_usd == pytest.approx(300)
    assert found.previous_usd is None


def test_a_missing_day_is_not_a_free_day() -> None:
    october = days(date(2026, 10, 1), [12.0] * 10)
    del october[date(2026, 10, 4)]
    found = month_to_date(SEPTEMBER | october, as_of=date(2026, 10, 10))
    assert (found.missing_days, found.days_with_data) == (1, 9)
    assert found.run_rate_month_end_usd == pytest.approx(372)
    assert found.change_ratio is None


def test_a_known_free_day_counts() -> None:
    october = days(date(2026, 10, 1), [31.0, 0.0])
    assert month_to_date(october, as_of=date(2026, 10, 2)).run_rate_month_end_usd == pytest.approx(
        480.5
    )


def test_a_longer_month_is_not_compared_with_a_shorter_one() -> None:
    daily = days(date(2026, 2, 1), [1.0] * 59)
    found = month_to_date(daily, as_of=date(2026, 3, 31))
    assert (found.previous_usd, found.previous_days, found.change_ratio) == (28.0, 28, None)


def test_january_looks_back_to_december() -> None:
    daily = days(date(2026, 12, 1), [2.0] * 31 + [3.0] * 4)
    found = month_to_date(daily, as_of=date(2027, 1, 4))
    assert (found.spend_usd, found.previous_usd) == (12.0, 8.0)


def test_no_data_is_no_answer() -> None:
    found = month_to_date({}, as_of=date(2026, 10, 3))
    assert (found.spend_usd, found.run_rate_month_end_usd, found.previous_usd) == (None,) * 3
    assert answer_sentence(found) == "No usage is known for October 2026 up to 2026-10-03."


def test_the_sentence_says_spend_change_pace_unit_and_what_is_missing() -> None:
    october = days(date(2026, 10, 1), [12.0] * 10)
    month = month_to_date(SEPTEMBER | october, as_of=date(2026, 10, 10))
    text = answer_sentence(month, unit="resolved ticket", usd_per_unit=3.0795, unpriced_share=0.003)
    assert text == (
        "October to day 10: USD 120 spent, 20.0% more than in the same days of the month "
        "before; at this pace USD 372 by month end (run-rate, uncalibrated). "
        "Cost per resolved ticket is USD 3.08. "
        "0.3% of requests have no full price and are not in these sums."
    )


def test_the_sentence_says_that_a_unit_has_no_answer_and_days_are_missing() -> None:
    month = month_to_date({date(2026, 10, 1): 5.0}, as_of=date(2026, 10, 2))
    text = answer_sentence(month, unit="image", usd_per_unit=None)
    assert "not comparable with the month before" in text
    assert "Cost per image has no answer yet." in text
    assert text.endswith("1 of 2 days have no data.")


@given(st.lists(st.floats(0.01, 1e6), min_size=1, max_size=31), st.floats(0.1, 10))
def test_scaling_spend_scales_the_projection_and_keeps_the_change(
    values: list[float], factor: float
) -> None:
    as_of = date(2026, 8, len(values))
    daily = days(date(2026, 7, 1), values) | days(date(2026, 8, 1), [2 * v for v in values])
    base = month_to_date(daily, as_of=as_of)
    scaled = month_to_date({day: usd * factor for day, usd in daily.items()}, as_of=as_of)
    if len(values) < 31:
        daily_before = values
        assert base.previous_usd == pytest.approx(sum(daily_before))
    assert scaled.run_rate_month_end_usd == pytest.approx(
        factor * base.run_rate_month_end_usd, rel=1e-9
    )
    assert base.change_ratio == pytest.approx(1.0)
    assert base.run_rate_label == RUN_RATE_LABEL
