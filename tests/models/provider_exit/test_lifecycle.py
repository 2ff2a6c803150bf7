from dataclasses import replace
from datetime import date

import pytest

from workbench.models.provider_exit.lifecycle import (
    ModelLife,
    PricePath,
    PriceStep,
    days_left_quantiles,
    exposures,
    forced_migrations,
    life_from_row,
    life_of,
    life_quantiles,
    price_paths,
)
from workbench.reference import read_table

LIVES = [life_from_row(row) for row in read_table("model_lifecycle")]
TODAY = date(2026, 11, 24)


def life(model: str, retires: date | None, **changes) -> ModelLife:
    base = {
        "provider": "p", "model": model, "retires_on": retires, "retires_not_before": None,
        "notice_days": 60, "life_days": None, "successors": ("next",), "confidence": "confirmed",
    }  # fmt: skip
    return ModelLife(**(base | changes))


def test_models_in_use_are_listed_by_the_nearest_retirement() -> None:
    lives = [
        life("gone", date(2026, 11, 24)),
        life("soon", date(2027, 1, 3)),
        life("later", date(2028, 1, 1)),
        life("undated", None, retires_not_before=date(2027, 5, 1)),
        life("rumour", date(2026, 12, 1), confidence="unverified"),
    ]
    usd = {("p", name): 100.0 for name in ("undated", "later", "soon", "gone", "rumour", "own")}
    found = exposures(usd, lives, as_of=TODAY, until=date(2027, 12, 31), migration_days=45)
    assert [(one.model, one.verdict) for one in found] == [
        ("gone", "retired"),
        ("rumour", "retires inside the horizon"),
        ("soon", "retires inside the horizon"),
        ("later", "dated, not yet"),
        ("undated", "dated, not yet"),
        ("own", "not tracked"),
    ]
    # 40 days are left and a migration takes 45; a date nobody confirmed warns nobody
    assert {one.model for one in found if one.is_too_late} == {"gone", "soon"}
    assert found[2].days_left == 40


def test_a_vertex_model_has_two_successors() -> None:
    [row] = [one for one in LIVES if (one.provider, one.model) == ("vertex", "gemini-2.5-flash")]
    assert row.retires_on == date(2026, 10, 20)
    assert row.successors == ("gemini-3.5-flash-lite", "gemini-3.1-flash-lite")


@pytest.mark.parametrize(
    ("provider", "days"),
    [("openai", (358, 573, 1_302)), ("anthropic", (365, 485, 761)), ("google", (97, 231, 808))],
)
def test_lives_agree_with_the_published_summary_of_the_table(provider, days) -> None:
    assert life_quantiles(LIVES, provider) == pytest.approx(days, abs=1)


def test_too_few_lives_have_no_quantiles() -> None:
    assert life_quantiles(LIVES, "xiaomi") is None


@pytest.mark.parametrize(
    ("horizon", "left", "life_days", "count"),
    [
        (1_096, None, 573, 1),
        (1_096, None, 485, 2),
        (1_096, 100, 485, 3),
        (99, 100, 485, 0),
        (100, 100, 485, 1),
    ],
)
def test_a_three_year_case_holds_forced_migrations(horizon, left, life_days, count) -> None:
    assert forced_migrations(horizon_days=horizon, days_left=left, life_days=life_days) == count


def test_a_path_is_steps_and_pays_its_migration_once() -> None:
    path = PricePath(
        name="x",
        steps=(PriceStep(month=2, factor=3.0, cause="forced migration"),),
        one_off_usd=50.0,
    )
    assert path.cost_usd([10.0] * 4).tolist() == [10.0, 10.0, 80.0, 30.0]


def test_creep_steps_once_a_year_and_nothing_declines_smoothly() -> None:
    paths = price_paths(
        months=36, retires_in_month=5, introductory_until_month=2, migration_usd=1_000
    )
    by_name = {path.name: path.factors(36) for path in paths}
    creep = by_name["tier creep of 40 % a year"]
    assert (creep[11], creep[12], creep[35]) == pytest.approx((1.0, 1.4, 1.96))
    assert by_name["introductory price ends"][[1, 2]].tolist() == [1.0, 2.0]
    for name, factors in by_name.items():
        assert len(set(factors)) <= 3, name
    assert sum("forced migration" in name for name in by_name) == 3
    assert len(price_paths(months=12)) == 4


def test_a_path_that_steps_after_the_horizon_changes_nothing() -> None:
    paths = price_paths(months=3)
    assert all(path.factors(3).tolist() == [1.0, 1.0, 1.0] for path in paths)


def test_a_logged_name_without_its_date_finds_the_one_dated_id() -> None:
    known = {
        (one.provider, one.model): one
        for one in (
            _named("claude-haiku-4-5-20251001"), _named("gpt-4o-2024-05-13"),
            _named("gpt-4o-2024-08-06"), _named("gpt-5.4-mini"),
        )
    }  # fmt: skip
    found = life_of(("p", "claude-haiku-4-5"), known)
    assert found is not None
    assert found.model == "claude-haiku-4-5-20251001"
    assert life_of(("p", "gpt-4o"), known) is None  # two dated ids: no guess
    assert life_of(("p", "gpt-5.4"), known) is None  # mini is no date
    assert life_of(("other", "claude-haiku-4-5"), known) is None


def _named(model: str) -> ModelLife:
    return ModelLife(
        provider="p", model=model, retires_on=None, retires_not_before=None, notice_days=None,
        life_days=None, successors=(), confidence="confirmed",
    )  # fmt: skip


def test_only_longer_lives_say_how_long_a_model_still_has() -> None:
    lives = [
        replace(_named(f"m{days}"), life_days=days) for days in range(100, 1_100, 100)
    ]  # ten lives of 100 to 1,000 days
    found = days_left_quantiles(lives, "p", age_days=500)
    assert found is not None
    # 600 to 1,000 are longer: 100 to 500 days left, the median 300
    assert found[1] == pytest.approx(300)
    promised = days_left_quantiles(lives, "p", age_days=500, at_least_days=350)
    assert promised is not None
    assert promised[:2] == (350, 350)
    assert days_left_quantiles(lives, "p", age_days=850) is None
    assert days_left_quantiles(lives[:9], "p", age_days=0) is None


def test_scheduled_prices_are_steps_against_today() -> None:
    paths = {one.name: one for one in price_paths(months=6, scheduled=[(2, 2.0), (4, 1.0)])}
    path = paths["scheduled in the price book"]
    assert path.factors(6).tolist() == [1, 1, 2, 2, 1, 1]
