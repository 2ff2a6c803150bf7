from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest

from workbench.samples.catalogue import UNPRICED_MODEL, feature
from workbench.samples.traffic import draw_requests


@pytest.fixture(scope="module")
def requests() -> pl.DataFrame:
    return draw_requests(np.random.default_rng(7), requests=60_000)


def _share(frame: pl.DataFrame, condition: pl.Expr) -> float:
    return frame.select(condition.mean()).item()


def test_the_window_is_six_months_and_the_count_is_exact(requests: pl.DataFrame) -> None:
    assert requests.height == 60_000
    first, last = requests["started_at"].min(), requests["started_at"].max()
    assert datetime(2026, 5, 1) <= first < datetime(2026, 5, 2)  # noqa: DTZ001
    assert datetime(2026, 10, 31) <= last < datetime(2026, 11, 1)  # noqa: DTZ001


def test_shares_are_as_declared(requests: pl.DataFrame) -> None:
    assert _share(requests, pl.col("attempt") > 1) == pytest.approx(0.029, abs=0.001)
    assert _share(requests, pl.col("model") == UNPRICED_MODEL) == pytest.approx(0.003, abs=0.001)
    assert set(requests["provider"].unique()) == {"anthropic", "openai", "google", "mistral"}
    assert set(requests["environment"].unique()) == {"production", "sandbox"}
    assert requests["feature"].n_unique() == 12


def test_a_retry_follows_a_failure_of_the_same_request(requests: pl.DataFrame) -> None:
    later = requests.filter(pl.col("attempt") > 1)
    before = requests.select("request_id", pl.col("attempt") + 1, "status", "started_at")
    pairs = later.join(before, on=["request_id", "attempt"], suffix="_before")
    assert pairs.height == later.height
    assert pairs["status_before"].unique().to_list() == ["error"]
    assert pairs.select((pl.col("started_at") > pl.col("started_at_before")).all()).item()


def test_weekends_are_quiet_and_nights_are_for_the_batch(requests: pl.DataFrame) -> None:
    chat = requests.filter(pl.col("feature") == "support-chat")
    weekend = _share(chat, pl.col("started_at").dt.weekday() >= 6)
    assert weekend == pytest.approx(2 * 0.30 / (5 + 2 * 0.30), abs=0.02)
    nightly = requests.filter(pl.col("feature") == "nightly-quality-review")
    assert nightly["started_at"].dt.hour().max() <= 6
    assert nightly["service_tier"].unique().to_list() == ["batch"]


def test_support_chat_moves_to_its_successor_in_august(requests: pl.DataFrame) -> None:
    chat = requests.filter(pl.col("feature") == "support-chat")
    new = pl.col("model") == feature("support-chat").successor
    before = chat.filter(
        pl.col("started_at") < datetime(2026, 8, 2, tzinfo=UTC).replace(tzinfo=None)
    )
    after = chat.filter(
        pl.col("started_at") > datetime(2026, 8, 26, tzinfo=UTC).replace(tzinfo=None)
    )
    between = chat.filter(
        pl.col("started_at")
        .dt.date()
        .is_between(
            datetime(2026, 8, 10, tzinfo=UTC).date(), datetime(2026, 8, 16, tzinfo=UTC).date()
        )
    )
    assert _share(before, new) == 0
    assert _share(after, new) > 0.99
    assert 0.2 < _share(between, new) < 0.7


def test_cache_use_of_support_chat_rises(requests: pl.DataFrame) -> None:
    chat = requests.filter(pl.col("feature") == "support-chat").with_columns(
        month=pl.col("started_at").dt.month()
    )
    by_month = (
        chat.group_by("month")
        .agg(
            hit=pl.col("cache_read_tokens").sum()
            / (
                pl.col("cache_read_tokens").sum()
                + pl.col("uncached_input_tokens").sum()
                + pl.col("cache_write_5m_tokens").sum()
            )
        )
        .sort("month")
    )
    hits = by_month["hit"].to_list()
    assert hits == sorted(hits)
    assert hits[0] == pytest.approx(0.37, abs=0.02)
    assert hits[-1] == pytest.approx(0.68, abs=0.02)


def test_a_ticket_belongs_to_one_tenant_user_and_environment(requests: pl.DataFrame) -> None:
    tickets = (
        requests.filter(pl.col("ticket_id").is_not_null())
        .group_by("ticket_id")
        .agg(pl.col("tenant", "user_id", "environment").n_unique())
    )
    assert tickets.select(pl.max_horizontal("tenant", "user_id", "environment").max()).item() == 1


def test_the_design_studio_launch_is_a_step(requests: pl.DataFrame) -> None:
    images = requests.filter(pl.col("feature") == "image-studio").with_columns(
        date=pl.col("started_at").dt.date()
    )
    day = datetime(2026, 7, 15, tzinfo=UTC).date()
    before = images.filter(
        pl.col("date").is_between(day.replace(month=6, day=17), day.replace(day=14))
    )
    after = images.filter(pl.col("date").is_between(day, day.replace(month=8, day=11)))
    assert after.height / before.height == pytest.approx(1.35 * 1.037, abs=0.12)
