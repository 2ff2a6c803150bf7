"""Every table the workbench keeps: column, type, unit, meaning. The data dictionary.

The documentation, the readers, the kernel and the snapshot are generated from these lists,
so a column exists once. Names and types only grow: a reader of last year's store still
finds every column it knew.
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["count", "seconds"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of one table: its DuckDB type, its unit and what it means."""

    name: str
    type: str
    unit: str
    meaning: str


MOST_PER_RECORD = 10**10
"""Most that one record may hold in all: tokens, characters and pixels, each second weighing a
thousand of them and each thing (image, page, search, call) ten thousand."""


@dataclass(frozen=True, slots=True)
class Meter:
    """One disjoint quantity a request can be charged for.

    `bit` is the meter's place in `meter_mask`, never reused. `part_of` names the meter this
    one is a part of: its price is a surcharge on the whole, and it never adds to totals.
    """

    name: str
    bit: int
    kind: Kind
    group: str
    meaning: str
    part_of: str | None = None

    @property
    def type(self) -> str:
        """DuckDB type: counts are BIGINT, seconds are thousandths."""
        return "BIGINT" if self.kind == "count" else "DECIMAL(18,3)"

    @property
    def weight(self) -> int:
        """Units of `MOST_PER_RECORD` that one unit weighs: rarer things cost more."""
        if self.kind == "seconds":
            return 1_000
        return (
            1 if self.name.endswith("_tokens") or self.name in ("characters", "pixels") else 10_000
        )

    @property
    def most(self) -> int:
        """Most units one record may hold."""
        return MOST_PER_RECORD // self.weight


def _meter(name: str, bit: int, group: str, meaning: str, **more: str) -> Meter:
    kind: Kind = "seconds" if name.endswith("_seconds") else "count"
    return Meter(name, bit, kind, group, meaning, more.get("part_of"))


METERS: tuple[Meter, ...] = (
    _meter("uncached_input_tokens", 0, "text", "text tokens read, neither from nor into a cache"),
    _meter("cache_read_tokens", 1, "text", "text tokens read from the prompt cache"),
    _meter("cache_write_5m_tokens", 2, "text", "tokens written to the cache for five minutes"),
    _meter("cache_write_1h_tokens", 3, "text", "tokens written to the cache for one hour"),
    _meter(
        "cache_write_unknown_tokens", 4, "text",
        "tokens written to the cache, lifetime not given: priced at 5 minutes, bounded by 1 hour",
    ),
    _meter("output_tokens", 5, "text", "text tokens written, reasoning and citations included"),
    _meter("reasoning_tokens", 6, "text", "how much of the output was reasoning", part_of="output_tokens"),
    _meter("citation_tokens", 7, "text", "how much of the output was citations", part_of="output_tokens"),
    _meter("input_tool_tokens", 8, "text", "text tokens read from tool results, where billed apart"),
    _meter("input_audio_tokens", 9, "audio", "audio tokens read, not from a cache"),
    _meter("cache_read_audio_tokens", 10, "audio", "audio tokens read from the cache"),
    _meter("cache_write_audio_tokens", 11, "audio", "audio tokens written to the cache"),
    _meter("output_audio_tokens", 12, "audio", "audio tokens written"),
    _meter("audio_seconds", 13, "audio", "seconds of audio, direction not given"),
    _meter("input_audio_seconds", 14, "audio", "seconds of audio read"),
    _meter("output_audio_seconds", 15, "audio", "seconds of audio written"),
    _meter("input_image_tokens", 16, "image", "image tokens read, not from a cache"),
    _meter("cache_read_image_tokens", 17, "image", "image tokens read from the cache"),
    _meter("cache_write_image_tokens", 18, "image", "image tokens written to the cache"),
    _meter("output_image_tokens", 19, "image", "image tokens written"),
    _meter("images", 20, "image", "images made; the size is in price_variant (image_size=2K)"),
    _meter("pixels", 21, "image", "pixels read"),
    _meter("input_video_tokens", 22, "video", "video tokens read, not from a cache"),
    _meter("cache_read_video_tokens", 23, "video", "video tokens read from the cache"),
    _meter("cache_write_video_tokens", 24, "video", "video tokens written to the cache"),
    _meter("output_video_tokens", 25, "video", "video tokens written"),
    _meter("video_seconds", 26, "video", "seconds of video made"),
    _meter("characters", 27, "other", "characters read"),
    _meter("pages", 28, "other", "document pages read"),
    _meter("annotated_pages", 29, "other", "how many of the pages were annotated", part_of="pages"),
    _meter("text_messages", 30, "other", "text messages read"),
    _meter("web_searches", 31, "other", "web searches"),
    _meter("social_searches", 32, "other", "searches of social networks"),
    _meter("storage_searches", 33, "other", "searches of stored files"),
    _meter("rerank_searches", 34, "other", "reranking calls"),
    _meter("code_executions", 35, "other", "code sandbox runs"),
    _meter("billed_requests", 36, "other", "requests where the request itself has a price"),
)  # fmt: skip

METER_NAMES: tuple[str, ...] = tuple(meter.name for meter in METERS)

CORE_METERS: tuple[str, ...] = METER_NAMES[:7]
"""Meters of a plain text request; the others are looked at where a request has any."""

CONTEXT_METERS: tuple[str, ...] = tuple(
    m.name
    for m in METERS
    if m.name.endswith("_tokens") and "output" not in m.name and m.part_of is None
)
"""Meters that count towards the input band: all input, cached or not, of every modality."""

USAGE_COLUMNS: tuple[Column, ...] = (
    Column("request_id", "VARCHAR", "", "the source's id of the request; may be absent"),
    Column("started_at", "TIMESTAMP", "UTC", "when the request started, inclusive"),
    Column("provider", "VARCHAR", "", "who served it, e.g. anthropic"),
    Column("model", "VARCHAR", "", "model as served"),
    Column("requested_model", "VARCHAR", "", "model as asked for"),
    Column("region", "VARCHAR", "", "where it ran, in the provider's words"),
    Column(
        "service_tier", "VARCHAR", "",
        "standard | batch | flex | priority | provisioned | fast | unknown",
    ),
    Column("price_variant", "VARCHAR", "", "canonical text such as route=eu; '' is none"),
    Column("is_aggregate", "BOOLEAN", "", "a provider's own totals: no context band is applied"),
    Column("environment", "VARCHAR", "", "production | sandbox | …"),
    Column("feature", "VARCHAR", "", "AI feature, the key of its dossier"),
    Column("team", "VARCHAR", "", "team that owns the spend"),
    Column("tenant", "VARCHAR", "", "customer the request was for"),
    Column("user_hash", "VARCHAR", "", "keyed hash of the user, made at ingest"),
    Column("session_id", "VARCHAR", "", "conversation or session"),
    Column("ticket_id", "VARCHAR", "", "unit of work the request belongs to"),
    Column("trace_id", "VARCHAR", "", "distributed trace"),
    Column("prompt_id", "VARCHAR", "", "prompt of the library"),
    Column("prompt_version", "VARCHAR", "", "its version"),
    Column("flag_variant", "VARCHAR", "", "feature-flag variant the request was served"),
    Column("status", "VARCHAR", "", "ok | error | cancelled | …"),
    Column("attempt", "INTEGER", "", "1 for the first try, 2 for the first retry"),
    Column("latency_ms", "DOUBLE", "ms", "time to the last byte"),
    Column("ttft_ms", "DOUBLE", "ms", "time to the first token"),
    Column("outcome", "VARCHAR", "", "resolved | reopened | escalated | failed | rejected"),
    Column("quality_score", "DOUBLE", "0–1", "evaluation score"),
    Column("reported_cost_usd", "DECIMAL(38,12)", "USD", "cost the source itself stated"),
)  # fmt: skip

LINEAGE_COLUMNS: tuple[Column, ...] = (
    Column("tags", "VARCHAR", "JSON", "columns of the source that start with x_"),
    Column("source_id", "VARCHAR", "", "ingest_manifest row the record came from"),
    Column("source_row", "BIGINT", "", "record number in that source, from 1"),
)

KEY_COLUMNS: tuple[Column, ...] = (
    Column(
        "rate_key", "BIGINT", "",
        "stands for (provider, model, service_tier, price_variant, region); see rate_keys",
    ),
    Column("meter_mask", "BIGINT", "", "bit n is set where the meter with bit n is above 0"),
    Column("context_tokens", "BIGINT", "tokens", "input of every kind, for the band; 0 in aggregates"),
)  # fmt: skip
"""Derived at ingest so that pricing joins on one integer; no price is stored."""

METER_COLUMNS: tuple[Column, ...] = tuple(
    Column(m.name, m.type, "s" if m.kind == "seconds" else "", m.meaning) for m in METERS
)

SEGMENT_COLUMNS: tuple[Column, ...] = (
    *USAGE_COLUMNS, *METER_COLUMNS, *LINEAGE_COLUMNS, *KEY_COLUMNS,
)  # fmt: skip
"""Columns of a row of usage, in order; which of them a segment may lack, `segment_rows` says."""

RATE_KEY_COLUMNS: tuple[str, ...] = (
    "provider", "model", "service_tier", "price_variant", "region",
)  # fmt: skip

REQUIRED_COLUMNS: tuple[str, ...] = ("started_at", "provider", "model")

SERVICE_TIERS: tuple[str, ...] = (
    "standard", "batch", "flex", "priority", "provisioned", "fast", "unknown",
)  # fmt: skip

OUTCOMES: tuple[str, ...] = ("resolved", "reopened", "escalated", "failed", "rejected")

OUTCOME_COLUMNS: tuple[Column, ...] = (
    Column("request_id", "VARCHAR", "", "request the outcome belongs to, or"),
    Column("session_id", "VARCHAR", "", "session the outcome belongs to, or"),
    Column("ticket_id", "VARCHAR", "", "ticket the outcome belongs to: exactly one of the three"),
    Column("occurred_at", "TIMESTAMP", "UTC", "when it was decided; the latest row wins"),
    Column("outcome", "VARCHAR", "", "resolved | reopened | escalated | failed | rejected"),
    Column("quality_score", "DOUBLE", "0–1", "evaluation or review score"),
    Column("human_minutes", "DOUBLE", "min", "human work spent"),
    Column("label_source", "VARCHAR", "", "who said so: survey, reviewer, rule, …"),
    Column("source_id", "VARCHAR", "", "ingest_manifest row the record came from"),
    Column("source_row", "BIGINT", "", "record number in that source, from 1"),
)

MANIFEST_COLUMNS: tuple[Column, ...] = (
    Column("source_id", "VARCHAR", "", "batch: names its segments and sidecar"),
    Column("path", "VARCHAR", "", "file as given"),
    Column("sha256", "VARCHAR", "", "of the (decompressed) bytes read"),
    Column("format", "VARCHAR", "", "reader"),
    Column("records", "BIGINT", "records", "loaded + duplicates + quarantined + skipped"),
    Column("loaded", "BIGINT", "records", "rows of usage written"),
    Column("duplicates", "BIGINT", "records", "already in the store, or repeated by the format"),
    Column("quarantined", "BIGINT", "records", "kept aside with a reason"),
    Column("skipped", "BIGINT", "records", "not usage, counted by kind"),
    Column("lines", "BIGINT", "lines", "of the file; records + blank + header"),
    Column("blank", "BIGINT", "lines", "empty lines"),
    Column("started_at", "TIMESTAMP", "UTC", "when the ingest began"),
    Column("finished_at", "TIMESTAMP", "UTC", "when it was committed"),
)

QUARANTINE_COLUMNS: tuple[Column, ...] = (
    Column("source_id", "VARCHAR", "", "ingest_manifest row"),
    Column("source_row", "BIGINT", "", "record number in that source, from 1"),
    Column("reason", "VARCHAR", "", "what is wrong, in words"),
    Column("excerpt", "VARCHAR", "", "at most 200 characters, screened"),
    Column("line_sha256", "VARCHAR", "", "sha256 of the raw line"),
)

ADJUSTMENT_COLUMNS: tuple[Column, ...] = (
    Column("period", "VARCHAR", "YYYY-MM", "closed month the adjustment belongs to"),
    Column("provider", "VARCHAR", "", "as in usage"),
    Column("model", "VARCHAR", "", "as in usage"),
    Column("feature", "VARCHAR", "", "as in usage"),
    Column("environment", "VARCHAR", "", "as in usage"),
    Column("team", "VARCHAR", "", "as in usage"),
    Column("tenant", "VARCHAR", "", "as in usage"),
    Column("late_requests", "BIGINT", "", "requests read after the close; in no rollup of the month"),
    Column("late_unpriced_requests", "BIGINT", "", "of them without all or part of a price"),
    Column("late_contract_cost_usd", "DECIMAL(38,12)", "USD", "what they cost at today's prices"),
    Column(
        "repriced_contract_cost_usd", "DECIMAL(38,12)", "USD",
        "today's prices less those of the close, of the rows that were in",
    ),
    Column("contract_cost_usd", "DECIMAL(38,12)", "USD", "both: the prior-period adjustment"),
)  # fmt: skip

PRICE_BOOK_COLUMNS: tuple[Column, ...] = (
    Column("provider", "VARCHAR", "", "provider as the book names it"),
    Column("model", "VARCHAR", "", "model key of the book"),
    Column("meter", "VARCHAR", "", "meter the price is for"),
    Column("pico_usd_per_unit", "BIGINT", "pico-USD", "price of one unit"),
    Column("effective_from", "TIMESTAMP", "UTC", "first instant it holds; NULL is always"),
    Column("effective_to", "TIMESTAMP", "UTC", "first instant it no longer holds; NULL is open"),
    Column("known_from", "TIMESTAMP", "UTC", "when it was imported"),
    Column("layer", "VARCHAR", "", "contract | overlay | default | history, or witness: compared, never pricing"),
    Column("conditions", "VARCHAR", "JSON", "variant, input band, time of day, region, minimum units"),
    Column("source", "VARCHAR", "", "sheet or data set"),
    Column("source_version", "VARCHAR", "", "its version"),
    Column("retrieved_on", "DATE", "", "when the source was read"),
    Column("inexact", "BOOLEAN", "", "list price is no whole number of pico-USD a unit"),
    Column("confidence", "VARCHAR", "", "confirmed, or the word of doubt; doubtful rows never price"),
)  # fmt: skip

LAYERS: tuple[str, ...] = ("contract", "overlay", "default", "history")

WITNESS = "witness"
"""What another source publishes: kept and compared with the book, never pricing usage."""

PRICE_STATUSES: tuple[str, ...] = (
    "priced", "derived", "assumed", "bounded", "partial", "unpriced",
)  # fmt: skip


def meter_bit(name: str) -> int:
    """Return the mask with the one bit of the named meter set."""
    return 1 << next(meter.bit for meter in METERS if meter.name == name)


def mask_of(names: tuple[str, ...]) -> int:
    """Return the mask with the bits of all named meters set."""
    return sum(meter_bit(name) for name in names)
