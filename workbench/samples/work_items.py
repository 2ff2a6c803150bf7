"""Which ticket or session a request belongs to, and how that piece of work ended."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from workbench.samples.catalogue import (
    KILL_SWITCH_MINUTES,
    KILL_SWITCH_OFF,
    LAST_DAY,
    MIGRATION_FIRST_DAY,
    MIGRATION_LAST_DAY,
    ROLLOUT,
    day_number,
)

REQUESTS_PER_TICKET = 2.2
DEVELOPERS = 4
SESSION_DAYS = 14
"""Sessions are resumed for two weeks, so that they make dozens of files and not hundreds."""
UNLABELLED_SHARE = 0.03
BEFORE, SUCCESSOR = "claude-sonnet-4-5", "claude-sonnet-5"
UNMATCHED_OUTCOMES = 12
"""Outcomes of tickets no log knows: an ingest must count and list them."""
REOPENED_SHARE = 0.05
RESOLVED_BEFORE, RESOLVED_AFTER = 0.64, 0.69
"""Part of the tickets resolved by AI before and after the migration."""
FAILED_SHARE = 0.04
LAST_MOMENT = datetime(LAST_DAY.year, LAST_DAY.month, LAST_DAY.day, 23, 59, 59, tzinfo=UTC)


def with_work_items(rng: np.random.Generator, first: pl.DataFrame) -> pl.DataFrame:
    """Add `ticket_id`, `session_id` and `flag_variant` to first attempts, in place of none."""
    chat = _with_tickets(rng, first.filter(pl.col("feature") == "support-chat"))
    code = _with_sessions(first.filter(pl.col("feature") == "code-assistant"))
    rest = first.filter(~pl.col("feature").is_in(["support-chat", "code-assistant"]))
    empty = [
        pl.lit(None, pl.String).alias(name) for name in ("ticket_id", "session_id", "flag_variant")
    ]
    frame = pl.concat([chat, code, rest.with_columns(empty)], how="diagonal")
    return frame.sort("started_at", "request_id")


def _with_tickets(rng: np.random.Generator, chat: pl.DataFrame) -> pl.DataFrame:
    chat = chat.sort("tenant_index", "started_at", "request_id")
    starts = pl.Series(rng.random(chat.height) < 1 / REQUESTS_PER_TICKET)
    pause = pl.Series(rng.integers(20_000, 240_000, chat.height))
    other = pl.struct("tenant", "day") != pl.struct("tenant", "day").shift()
    chat = chat.with_columns(starts=starts | other)
    chat = chat.with_columns(ticket=pl.col("starts").fill_null(True).cum_sum(), pause=pause)
    turn = pl.int_range(pl.len()).over("ticket")
    waited = pl.when(turn > 0).then(pl.col("pause")).otherwise(0).cum_sum().over("ticket")
    started = pl.col("started_at").first().over("ticket") + waited.cast(pl.Duration("ms"))
    last = pl.lit(LAST_MOMENT.replace(tzinfo=None)).cast(pl.Datetime("ms"))
    number = pl.col("ticket").cast(pl.String).str.zfill(6)
    chat = chat.with_columns(
        started_at=_after_the_test(pl.min_horizontal(started, last).cast(pl.Datetime("ms")))
    )
    moved, begun = _is_moved(), pl.col("started_at") >= MIGRATION_FIRST_DAY
    chat = chat.with_columns(
        model=pl.when(moved).then(pl.lit(SUCCESSOR)).otherwise(pl.lit(BEFORE)),
        flag_variant=pl.when(moved).then(pl.lit("successor")).when(begun).then(pl.lit("control")),
    )
    return chat.with_columns(
        user_id=pl.col("user_id").first().over("ticket"),
        environment=pl.col("environment").first().over("ticket"),
        ticket_id="syn-ticket-" + number,
        session_id="syn-chat-" + number,
    ).drop("starts", "pause", "ticket")


def _is_moved() -> pl.Expr:
    """Say whether a ticket's user is on the successor: by user, so that nobody goes to and fro."""
    user = (pl.col("tenant_index") * 7_919 + pl.col("user_index") * 104_729) % 1_009
    place = user.first().over("ticket") * 100 / 1_009
    shown = pl.lit(0)
    for first_day, percent in ROLLOUT:
        shown = pl.when(pl.col("started_at") >= first_day).then(pl.lit(percent)).otherwise(shown)
    return place < shown


def _after_the_test(started: pl.Expr) -> pl.Expr:
    """Move what would have come while the kill switch was tested to after the test."""
    length = timedelta(minutes=KILL_SWITCH_MINUTES)
    tested = (started >= KILL_SWITCH_OFF) & (started < KILL_SWITCH_OFF + length)
    return pl.when(tested).then(started + length).otherwise(started)


def _with_sessions(code: pl.DataFrame) -> pl.DataFrame:
    developer = pl.col("user_index") % DEVELOPERS
    block = pl.col("day") // SESSION_DAYS
    number = (block * DEVELOPERS + developer).cast(pl.String).str.zfill(12)
    return code.with_columns(
        user_id="developer-" + developer.cast(pl.String).str.zfill(2),
        tenant=pl.lit("internal"),
        environment=pl.lit("production"),
        session_id="00000000-0000-4000-8000-" + number,
        ticket_id=pl.lit(None, pl.String),
        flag_variant=pl.lit(None, pl.String),
    )


def draw_outcomes(rng: np.random.Generator, requests: pl.DataFrame) -> pl.DataFrame:
    """Return one row an outcome: of tickets, of coding sessions, and of some images.

    A reopened ticket has two rows, the later one supersedes. A small share of the tickets has
    none, and a few outcomes belong to tickets no log knows.
    """
    rows = pl.concat(
        [
            _ticket_outcomes(rng, requests),
            _session_outcomes(rng, requests),
            _image_outcomes(rng, requests),
        ],
        how="diagonal",
    )
    return rows.sort("occurred_at", "ticket_id", "session_id", "request_id")


def _ticket_outcomes(rng: np.random.Generator, requests: pl.DataFrame) -> pl.DataFrame:
    tickets = _last_of(requests.filter(pl.col("environment") == "production"), "ticket_id")
    tickets = tickets.filter(pl.Series(rng.random(tickets.height) >= UNLABELLED_SHARE))
    ghosts = tickets.head(UNMATCHED_OUTCOMES).with_columns(
        ticket_id="syn-ticket-unknown-" + pl.int_range(pl.len()).cast(pl.String)
    )
    tickets = pl.concat([tickets, ghosts])
    rows = tickets.height
    after = (tickets["day"] >= day_number(MIGRATION_LAST_DAY)).to_numpy()
    resolved_share = np.where(after, RESOLVED_AFTER, RESOLVED_BEFORE)
    draw = rng.random(rows)
    outcome = np.where(draw < resolved_share, "resolved", "escalated")
    outcome = np.where(draw >= 1 - FAILED_SHARE, "failed", outcome)
    minutes = np.where(outcome == "escalated", 8.5 * np.exp(0.5 * rng.standard_normal(rows)), 0)
    surveyed = rng.random(rows) < 0.3
    quality = np.where(outcome == "resolved", rng.beta(12, 2, rows), rng.beta(5, 4, rows))
    ended = tickets.with_columns(
        occurred_at=_after(rng.integers(5, 240, rows)),
        outcome=pl.Series(outcome),
        human_minutes=pl.Series(np.round(minutes, 1)),
        quality_score=pl.when(pl.Series(surveyed)).then(pl.Series(np.round(quality, 3))),
        label_source=pl.when(pl.Series(surveyed)).then(pl.lit("survey")).otherwise(pl.lit("rule")),
    )
    again = ended.filter(
        (pl.col("outcome") == "resolved") & pl.Series(rng.random(rows) < REOPENED_SHARE)
    )
    reopened = again.with_columns(
        occurred_at=pl.col("occurred_at")
        + pl.duration(hours=pl.lit(pl.Series(rng.integers(3, 60, again.height)))),
        outcome=pl.lit("reopened"),
        human_minutes=pl.Series(np.round(10 * np.exp(0.5 * rng.standard_normal(again.height)), 1)),
        label_source=pl.lit("reviewer"),
    )
    return pl.concat([ended, reopened]).drop("day", "started_at")


def _session_outcomes(rng: np.random.Generator, requests: pl.DataFrame) -> pl.DataFrame:
    sessions = _last_of(requests.filter(pl.col("feature") == "code-assistant"), "session_id")
    merged = rng.random(sessions.height) < 0.74
    return sessions.with_columns(
        occurred_at=_after(rng.integers(30, 1_500, sessions.height)),
        outcome=pl.Series(np.where(merged, "resolved", "failed")),
        human_minutes=pl.Series(
            np.round(18 * np.exp(0.6 * rng.standard_normal(sessions.height)), 1)
        ),
        label_source=pl.lit("reviewer"),
    ).drop("day", "started_at")


def _image_outcomes(rng: np.random.Generator, requests: pl.DataFrame) -> pl.DataFrame:
    images = requests.filter((pl.col("feature") == "image-studio") & (pl.col("attempt") == 1))
    images = images.select("request_id", "started_at", "day")
    images = images.filter(pl.Series(rng.random(images.height) < 0.1))
    rejected = rng.random(images.height) < 0.04
    return images.with_columns(
        occurred_at=_after(rng.integers(1, 90, images.height)),
        outcome=pl.Series(np.where(rejected, "rejected", "resolved")),
        quality_score=pl.Series(np.round(rng.beta(9, 2, images.height), 3)),
        label_source=pl.lit("reviewer"),
    ).drop("day", "started_at")


def _last_of(requests: pl.DataFrame, key: str) -> pl.DataFrame:
    named = requests.filter(pl.col(key).is_not_null())
    return named.group_by(key).agg(pl.col("started_at").max(), pl.col("day").max()).sort(key)


def _after(minutes: np.ndarray) -> pl.Expr:
    return pl.col("started_at") + pl.duration(minutes=pl.lit(pl.Series(minutes)))
