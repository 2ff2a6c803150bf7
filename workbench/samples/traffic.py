"""When requests happen, who makes them and how large they are: one row per attempt.

Vectorised and seeded: the same seed gives the same frame. Weekly season, office hours in UTC,
4 % growth a month, a launch step, a model migration, rising cache use, failures and retries.
"""

from datetime import UTC, datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.samples.catalogue import (
    FEATURES,
    FIRST_DAY,
    LAST_DAY,
    LAUNCH_DAY,
    MIGRATION_FIRST_DAY,
    MIGRATION_LAST_DAY,
    RETRY_SHARE,
    STUDIO,
    TENANTS,
    UNPRICED_MODEL,
    UNPRICED_SHARE,
    Feature,
    day_number,
)
from workbench.samples.evidence import NEARLY_READY
from workbench.samples.work_items import with_work_items

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

DAYS = (LAST_DAY - FIRST_DAY).days + 1
MS_PER_DAY = 86_400_000
GROWTH_PER_MONTH = 1.04
LAUNCH_STEP = 1.35
LATER_TRY_SHARE = 0.06
"""Part of the retries that are third attempts."""

OFFICE_HOURS = np.array(
    [1, 1, 1, 1, 2, 4, 9, 18, 30, 36, 35, 30, 28, 33, 35, 32, 26, 17, 10, 7, 5, 3, 2, 1], float
)
NIGHT_HOURS = np.array([0, 10, 30, 30, 20, 10] + [0] * 18, float)
IMAGE_SIZES = ("1K", "2K", "4K")


def draw_requests(rng: np.random.Generator, *, requests: int) -> pl.DataFrame:
    """Return `requests` attempts of all features in order of time.

    Token meters are disjoint, as the workbench keeps them; each writer converts them to its
    format's own convention.
    """
    retries = round(requests * RETRY_SHARE / (1 + RETRY_SHARE))
    first = with_work_items(rng, _first_attempts(rng, requests - retries))
    frame = _with_retries(rng, first, retries)
    return _with_latency(rng, frame).sort("started_at", "request_id", "attempt")


def _first_attempts(rng: np.random.Generator, rows: int) -> pl.DataFrame:
    feature, day = _feature_and_day(rng, rows)
    moment = _time_of_day(rng, feature)
    tenant = _tenants(rng, rows)
    epoch = int(datetime(*FIRST_DAY.timetuple()[:3], tzinfo=UTC).timestamp() * 1000)
    sandbox = rng.random(rows) < np.array([f.sandbox_share for f in FEATURES])[feature]
    user = np.floor(rng.random(rows) ** 2 * (25 + 4 * (TENANTS - tenant))).astype(np.int64)
    frame = pl.DataFrame(
        {
            "feature_index": feature,
            "day": day,
            "started_at": epoch + day * MS_PER_DAY + moment,
            "tenant_index": tenant,
            "user_index": user,
            "environment": np.where(sandbox, "sandbox", "production"),
            "model": pl.Series(_models(rng, feature, day).tolist(), dtype=pl.String),
            **_tokens(rng, feature, day),
        }
    ).with_columns(pl.from_epoch("started_at", time_unit="ms").cast(pl.Datetime("ms")))
    return _with_names(frame.sort("started_at", maintain_order=True))


def _feature_and_day(rng: np.random.Generator, rows: int) -> tuple[Ints, Ints]:
    weights = np.stack([feature.share * _day_weights(feature) for feature in FEATURES])
    counts = rng.multinomial(rows, (weights / weights.sum()).ravel())
    cell = np.repeat(np.arange(counts.size), counts)
    return cell // DAYS, cell % DAYS


def _day_weights(feature: Feature) -> Floats:
    day = np.arange(DAYS)
    weekday = (day + FIRST_DAY.weekday()) % 7
    weights: Floats = np.where(weekday >= 5, feature.weekend, 1.0) * GROWTH_PER_MONTH ** (
        day / 30.4375
    )
    if feature.product == STUDIO:
        weights = weights * np.where(day >= day_number(LAUNCH_DAY), LAUNCH_STEP, 1.0)
    return weights / weights.sum()


def _time_of_day(rng: np.random.Generator, feature: Ints) -> Ints:
    nightly = np.array([f.nightly for f in FEATURES])[feature]
    draw = rng.random(feature.size)
    by_office = np.searchsorted(np.cumsum(OFFICE_HOURS / OFFICE_HOURS.sum()), draw, side="right")
    by_night = np.searchsorted(np.cumsum(NIGHT_HOURS / NIGHT_HOURS.sum()), draw, side="right")
    hour = np.minimum(np.where(nightly, by_night, by_office), 23)
    return hour * 3_600_000 + rng.integers(0, 3_600_000, feature.size)


def _tenants(rng: np.random.Generator, rows: int) -> Ints:
    weights = 1 / np.arange(1, TENANTS + 1) ** 0.9
    return rng.choice(TENANTS, size=rows, p=weights / weights.sum()).astype(np.int64)


def _models(rng: np.random.Generator, feature: Ints, day: Ints) -> NDArray[np.object_]:
    models = np.array([f.model for f in FEATURES], dtype=object)[feature]
    draw = rng.random(feature.size)
    start, end = day_number(MIGRATION_FIRST_DAY), day_number(MIGRATION_LAST_DAY)
    moved = {
        "support-chat": np.clip((day - start) / (end - start), 0, 1),
        "code-assistant": np.full(feature.size, 0.18),
    }
    for index, item in enumerate(FEATURES):
        if item.successor is not None:
            models[(feature == index) & (draw < moved[item.name])] = item.successor
    text = np.array([f.file.endswith((".parquet", "assistant.jsonl.zst")) for f in FEATURES])
    tried = np.array([f.output_tokens > 0 and f.name != NEARLY_READY for f in FEATURES])
    candidates = text[feature] & tried[feature]
    share_among = UNPRICED_SHARE * feature.size / max(int(candidates.sum()), 1)
    models[candidates & (rng.random(feature.size) < share_among)] = UNPRICED_MODEL
    return models


def _tokens(
    rng: np.random.Generator, feature: Ints, day: Ints
) -> dict[str, NDArray[np.int64] | pl.Series]:
    rows = feature.size

    def spec(name: str) -> Floats:
        return np.array([getattr(f, name) for f in FEATURES], float)[feature]

    total_input = np.round(spec("input_tokens") * np.exp(0.55 * rng.standard_normal(rows)))
    output = np.round(spec("output_tokens") * np.exp(0.65 * rng.standard_normal(rows)))
    first, last = np.array([f.cached_share for f in FEATURES])[feature].T
    mean_cached = first + (last - first) * day / (DAYS - 1)
    cached = np.clip(mean_cached + 0.08 * rng.standard_normal(rows), 0, 0.97) * (mean_cached > 0)
    read = np.floor(total_input * cached)
    write = np.floor((total_input - read) * spec("cache_write_share"))
    long_lived = np.array([f.name == "code-assistant" for f in FEATURES])[feature]
    is_image = np.array([f.counted_by == "images" for f in FEATURES])[feature]
    is_page = np.array([f.counted_by == "pages" for f in FEATURES])[feature]
    size = rng.choice(np.array(IMAGE_SIZES, dtype=object), size=rows, p=[0.55, 0.35, 0.10])
    meters = {
        "uncached_input_tokens": total_input - read - write,
        "cache_read_tokens": read,
        "cache_write_5m_tokens": np.where(long_lived, 0, write),
        "cache_write_1h_tokens": np.where(long_lived, write, 0),
        "output_tokens": output,
        "reasoning_tokens": np.floor(output * spec("reasoning_share") * rng.random(rows)),
        "images": np.where(is_image, rng.choice([1, 1, 2, 4], size=rows), 0),
        "pages": np.where(is_page, rng.integers(1, 9, rows), 0),
    }
    counts = {name: values.astype(np.int64) for name, values in meters.items()}
    return {
        **counts,
        "price_variant": pl.Series(
            np.where(is_image, "image_size=" + size, "").tolist(), dtype=pl.String
        ),
    }


def _with_names(frame: pl.DataFrame) -> pl.DataFrame:
    number = pl.int_range(pl.len()).cast(pl.String).str.zfill(7)
    return frame.with_columns(
        request_id="syn-" + number,
        tenant="tenant-" + (pl.col("tenant_index") + 1).cast(pl.String).str.zfill(2),
        feature=_looked_up("name"),
        team=_looked_up("team"),
        provider=_looked_up("provider"),
        service_tier=_looked_up("service_tier"),
        region=_looked_up("region"),
        file=_looked_up("file"),
    ).with_columns(
        user_id=pl.col("tenant") + "-user-" + pl.col("user_index").cast(pl.String).str.zfill(3),
        prompt_id=pl.col("feature") + "/main",
        prompt_version=(1 + (pl.col("day") + 7 * pl.col("feature_index")) // 62).cast(pl.String),
    )


def _looked_up(attribute: str) -> pl.Expr:
    values = pl.Series(attribute, [getattr(f, attribute) for f in FEATURES], dtype=pl.String)
    return pl.lit(values).gather(pl.col("feature_index"))


def _with_retries(rng: np.random.Generator, first: pl.DataFrame, retries: int) -> pl.DataFrame:
    third = round(retries * LATER_TRY_SHARE)
    tried_again = rng.choice(first.height, size=retries - third, replace=False)
    failed_for_good = rng.random(first.height) < 0.006
    failed = failed_for_good.copy()
    failed[tried_again] = True
    attempts = [first.with_columns(attempt=pl.lit(1), failed=pl.Series(failed))]
    again = first[np.sort(tried_again)]
    failed_again = np.zeros(again.height, dtype=bool)
    failed_again[rng.choice(again.height, size=third, replace=False)] = True
    attempts.append(_later(again, rng, attempt=2, failed=failed_again))
    last = again.filter(pl.Series(failed_again, dtype=pl.Boolean))
    attempts.append(_later(last, rng, attempt=3, failed=np.zeros(last.height, dtype=bool)))
    frame = pl.concat(attempts)
    output = pl.when("failed").then(pl.col("output_tokens") // 4).otherwise("output_tokens")
    return frame.with_columns(
        status=pl.when("failed").then(pl.lit("error")).otherwise(pl.lit("ok")),
        output_tokens=output,
        images=pl.when("failed").then(0).otherwise("images"),
        reasoning_tokens=pl.min_horizontal("reasoning_tokens", output),
    )


def _later(
    frame: pl.DataFrame, rng: np.random.Generator, *, attempt: int, failed: NDArray[np.bool_]
) -> pl.DataFrame:
    wait = pl.Series(rng.integers(2_000, 20_000, frame.height) + 20_000 * (attempt - 2)).cast(
        pl.Duration("ms")
    )
    return frame.with_columns(
        started_at=(pl.col("started_at") + wait).cast(pl.Datetime("ms")),
        attempt=pl.lit(attempt),
        failed=pl.Series(failed, dtype=pl.Boolean),
    )


def _with_latency(rng: np.random.Generator, frame: pl.DataFrame) -> pl.DataFrame:
    first_token = np.round(520 * np.exp(0.45 * rng.standard_normal(frame.height)), 1)
    per_token = 9 + 6 * rng.random(frame.height)
    image = frame["images"].to_numpy() * 4_200
    total = np.round(first_token + per_token * frame["output_tokens"].to_numpy() + image, 1)
    return frame.with_columns(ttft_ms=pl.Series(first_token), latency_ms=pl.Series(total))
