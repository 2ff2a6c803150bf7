"""Which AI features the synthetic organisation runs: two products, twelve features.

Models are real ids of real providers, so that real list prices apply; the organisation, its
customers and its traffic are invented.
"""

from dataclasses import dataclass
from datetime import date, datetime, time

FIRST_DAY = date(2026, 5, 1)
LAST_DAY = date(2026, 10, 31)
LAUNCH_DAY = date(2026, 7, 15)
"""The design studio opens to all customers: a step in its traffic."""
MIGRATION_FIRST_DAY = date(2026, 8, 3)
MIGRATION_LAST_DAY = date(2026, 8, 24)
"""Support chat moves to its successor model, user by user."""
ROLLOUT = (
    (date(2026, 8, 4), 5),
    (date(2026, 8, 8), 25),
    (date(2026, 8, 14), 50),
    (MIGRATION_LAST_DAY, 100),
)
"""Steps of that move: first day, percent of users."""
KILL_SWITCH_OFF = datetime.combine(date(2026, 10, 20), time(10))
KILL_SWITCH_MINUTES = 30
"""A test of support chat's kill switch: no call while the flag is off."""

SUPPORT, STUDIO = "support-assistant", "design-studio"
TENANTS = 40
UNPRICED_MODEL = "synthetic-lab-preview"
"""A model no price book knows: its usage must be counted and never priced at zero."""
UNPRICED_SHARE = 0.003
RETRY_SHARE = 0.03


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One AI feature: its traffic, its models and what its work is counted in."""

    name: str
    product: str
    team: str
    provider: str
    model: str
    file: str
    """Name of the file that logs it; the ending says the format."""
    share: float
    """Part of all requests."""
    input_tokens: float
    """Median of all input, cached or not."""
    output_tokens: float
    unit: str
    counted_by: str
    owner: str
    data_classes: tuple[str, ...]
    successor: str | None = None
    cached_share: tuple[float, float] = (0.0, 0.0)
    """Part of the input read from the cache on the first and on the last day."""
    cache_write_share: float = 0.0
    """Part of the input not read from the cache that is written to it."""
    reasoning_share: float = 0.0
    sandbox_share: float = 0.05
    service_tier: str = "standard"
    nightly: bool = False
    weekend: float = 0.30
    """Traffic of a weekend day against a working day."""
    region: str = "eu"
    jurisdictions: tuple[str, ...] = ("EU", "UK")
    backup: tuple[str, str] | None = None
    """Provider and model that take over."""


SUPPORT_FILE = "synthetic-support-assistant.jsonl.zst"
STUDIO_FILE = "synthetic-design-studio.parquet"
GATEWAY_FILE = "synthetic-litellm-spendlogs.jsonl.gz"
LAYOUT_FILE = "synthetic-otlp-layout-suggestions.jsonl.zst"
BRAND_FILE = "synthetic-otlp-brand-check.jsonl.zst"
PAGES_FILE = "synthetic-invoice-reading.csv"
SESSIONS_FOLDER = "synthetic-claude-code"
OUTCOMES_FILE = "synthetic-outcomes.jsonl"
CONTRACT_FILE = "contract-prices.csv"

FEATURES: tuple[Feature, ...] = (
    Feature(
        name="support-chat", product=SUPPORT, team="support-platform",
        provider="anthropic", model="claude-sonnet-4-5", successor="claude-sonnet-5",
        file=SUPPORT_FILE, share=0.30, input_tokens=21_000, output_tokens=420,
        cached_share=(0.34, 0.71), cache_write_share=0.20,
        unit="resolved ticket", counted_by="resolved", owner="head of support",
        data_classes=("personal", "customer content"), backup=("openai", "gpt-5.4"),
    ),
    Feature(
        name="ticket-triage", product=SUPPORT, team="support-platform",
        provider="mistral", model="mistral-small-2603",
        file=SUPPORT_FILE, share=0.14, input_tokens=1_800, output_tokens=60,
        unit="triaged ticket", counted_by="requests", owner="head of support",
        data_classes=("personal",), backup=("google", "gemini-2.5-flash-lite"),
    ),
    Feature(
        name="nightly-quality-review", product=SUPPORT, team="quality",
        provider="anthropic", model="claude-haiku-4-5",
        file=SUPPORT_FILE, share=0.06, input_tokens=9_000, output_tokens=350,
        service_tier="batch", nightly=True, weekend=0.9, sandbox_share=0.0,
        unit="reviewed conversation", counted_by="requests", owner="head of quality",
        data_classes=("personal", "customer content"), backup=("openai", "gpt-5-mini"),
    ),
    Feature(
        name="reply-draft", product=SUPPORT, team="support-platform",
        provider="openai", model="gpt-5.4-mini",
        file=GATEWAY_FILE, share=0.10, input_tokens=5_200, output_tokens=280,
        cached_share=(0.40, 0.40), reasoning_share=0.2,
        unit="reply", counted_by="requests", owner="support operations lead",
        data_classes=("personal",), backup=("anthropic", "claude-haiku-4-5"),
    ),
    Feature(
        name="knowledge-answers", product=SUPPORT, team="knowledge",
        provider="openai", model="gpt-5.4",
        file=GATEWAY_FILE, share=0.06, input_tokens=12_000, output_tokens=500,
        cached_share=(0.55, 0.55), reasoning_share=0.35,
        unit="answer", counted_by="requests", owner="knowledge manager",
        data_classes=("internal",), backup=("anthropic", "claude-sonnet-5"),
    ),
    Feature(
        name="call-summary", product=SUPPORT, team="voice",
        provider="google", model="gemini-2.5-flash",
        file=STUDIO_FILE, share=0.07, input_tokens=7_500, output_tokens=450,
        cached_share=(0.15, 0.15), reasoning_share=0.1,
        unit="summarised call", counted_by="requests", owner="voice product owner",
        data_classes=("personal", "call transcript"), backup=("mistral", "mistral-medium-3-5"),
    ),
    Feature(
        name="invoice-reading", product=SUPPORT, team="back-office",
        provider="mistral", model="mistral-ocr-2512",
        file=PAGES_FILE, share=0.02, input_tokens=0, output_tokens=0,
        unit="page", counted_by="pages", owner="accounts payable lead",
        data_classes=("financial", "personal"), weekend=0.05,
    ),
    Feature(
        name="image-studio", product=STUDIO, team="studio",
        provider="google", model="gemini-3.1-flash-image",
        file=STUDIO_FILE, share=0.09, input_tokens=160, output_tokens=0,
        unit="image", counted_by="images", owner="studio product owner",
        data_classes=("customer content",), weekend=0.75, region="global",
        jurisdictions=("EU", "UK", "US"),
    ),
    Feature(
        name="design-copy", product=STUDIO, team="studio",
        provider="google", model="gemini-3.5-flash",
        file=STUDIO_FILE, share=0.06, input_tokens=2_400, output_tokens=320,
        cached_share=(0.20, 0.20), reasoning_share=0.15, weekend=0.75, sandbox_share=0.12,
        unit="copy text", counted_by="requests", owner="studio product owner",
        data_classes=("customer content",), backup=("openai", "gpt-5.4-mini"),
        region="global", jurisdictions=("EU", "UK", "US"),
    ),
    Feature(
        name="layout-suggestions", product=STUDIO, team="studio",
        provider="openai", model="gpt-5.4",
        file=LAYOUT_FILE, share=0.04, input_tokens=6_000, output_tokens=900,
        cached_share=(0.30, 0.30), reasoning_share=0.4, weekend=0.75, sandbox_share=0.15,
        unit="layout", counted_by="requests", owner="studio product owner",
        data_classes=("customer content",), backup=("anthropic", "claude-sonnet-5"),
        region="global", jurisdictions=("EU", "UK", "US"),
    ),
    Feature(
        name="brand-check", product=STUDIO, team="brand",
        provider="mistral", model="mistral-large-2512",
        file=BRAND_FILE, share=0.03, input_tokens=3_800, output_tokens=220,
        weekend=0.75, unit="checked design", counted_by="requests", owner="brand lead",
        data_classes=("customer content",), backup=("google", "gemini-2.5-flash"),
    ),
    Feature(
        name="code-assistant", product=STUDIO, team="engineering",
        provider="anthropic", model="claude-sonnet-4-6", successor="claude-opus-4-8",
        file=SESSIONS_FOLDER, share=0.03, input_tokens=46_000, output_tokens=650,
        cached_share=(0.86, 0.90), cache_write_share=0.30, sandbox_share=0.0, weekend=0.08,
        unit="merged patch", counted_by="resolved", owner="head of engineering",
        data_classes=("source code",), backup=("openai", "gpt-5.3-codex"),
    ),
)  # fmt: skip

GATEWAY_USD_PER_MTOK = {"gpt-5.4": (2.5, 0.25, 15.0), "gpt-5.4-mini": (0.75, 0.075, 4.5)}
"""Input, cache read and output as the synthetic gateway reports its own `spend`."""


def feature(name: str) -> Feature:
    """Return the feature of that name."""
    return next(item for item in FEATURES if item.name == name)


def day_number(when: date) -> int:
    """Return the number of days from the first day of the samples."""
    return (when - FIRST_DAY).days
