"""LiteLLM's map of models (`model_prices_and_context_window.json`): USD a unit, flat keys.

The file is read; the package is never imported. Suffixes `_batches`, `_priority`, `_flex` are
service tiers, `_above_200k_tokens` is a price of the whole request when its input is strictly
above. Source: https://github.com/BerriAI/litellm (MIT), the file's `sample_spec`, 2026-11.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from workbench.pricing.published import rate as said
from workbench.pricing.published.rate import CACHE_WRITE, Rate, Skipped
from workbench.pricing.rows import NO_CONTEXT

SOURCE = "litellm"
METERS = {
    "input_cost_per_token": ("uncached_input_tokens",),
    "output_cost_per_token": ("output_tokens",),
    "cache_read_input_token_cost": ("cache_read_tokens",),
    "input_cost_per_token_cache_hit": ("cache_read_tokens",),
    "cache_creation_input_token_cost": CACHE_WRITE,
    "cache_creation_input_token_cost_above_1hr": ("cache_write_1h_tokens",),
    "output_cost_per_reasoning_token": ("reasoning_tokens",),
    "input_cost_per_audio_token": ("input_audio_tokens",),
    "cache_read_input_audio_token_cost": ("cache_read_audio_tokens",),
    "cache_read_input_token_cost_per_audio_token": ("cache_read_audio_tokens",),
    "cache_creation_input_audio_token_cost": ("cache_write_audio_tokens",),
    "output_cost_per_audio_token": ("output_audio_tokens",),
    "input_cost_per_image_token": ("input_image_tokens",),
    "cache_read_input_image_token_cost": ("cache_read_image_tokens",),
    "output_cost_per_image_token": ("output_image_tokens",),
    "input_cost_per_video_token": ("input_video_tokens",),
    "output_cost_per_video_token": ("output_video_tokens",),
    "output_cost_per_image": ("images",),
    "input_cost_per_pixel": ("pixels",),
    "input_cost_per_character": ("characters",),
    "output_cost_per_video_per_second": ("video_seconds",),
    "ocr_cost_per_page": ("pages",),
    "input_cost_per_request": ("billed_requests",),
}
METERS_OF_MODE = {
    ("input_cost_per_second", "audio_transcription"): ("input_audio_seconds",),
    ("output_cost_per_second", "video_generation"): ("video_seconds",),
    ("input_cost_per_query", "rerank"): ("rerank_searches",),
}
"""Keys that mean different things in different modes."""
VARIANTS = {
    "batches": "processing=batch", "priority": "service_tier=priority", "flex": "service_tier=flex",
}  # fmt: skip
PROVIDERS = {
    "azure_ai": "azure", "azure_text": "azure", "fireworks_ai": "fireworks", "together_ai": "together",
    "fireworks_ai-embedding-models": "fireworks", "xai": "x-ai", "moonshot": "moonshotai",
    "voyage": "voyageai",
}  # fmt: skip
"""Names of LiteLLM that the book's own clauses do not know."""
_RATE = re.compile(r"cost|price|pricing|multiplier|provider_specific_entry")
_TIER = re.compile(r"_(batches|priority|flex)$")
_ABOVE = re.compile(r"_above_(\d+)k_tokens")


def is_of(data: object) -> bool:
    """Say whether a file's content is such a map."""
    entries = [one for one in said.mapping(data).values() if isinstance(one, Mapping)]
    return any("litellm_provider" in one for one in entries)


def read(data: Mapping[str, Any]) -> Iterator[Rate | Skipped]:
    """Yield every rate of the map, and what of it no price row can say."""
    for name, entry in data.items():
        if name == "sample_spec":
            continue
        if not isinstance(entry, Mapping):
            yield Skipped(what=name, reason="not a model with its prices", value=str(entry))
            continue
        for key, value in entry.items():
            if value is not None and _RATE.search(key):
                yield _rate(name, entry, key, value)


def _rate(name: str, entry: Mapping[str, Any], key: str, value: object) -> Rate | Skipped:
    what = f"{name} {key}"
    provider, model, region, why = _names(name, said.text(entry.get("litellm_provider")))
    tier = _TIER.search(key)
    bare = _TIER.sub("", key)
    above = _ABOVE.search(bare)
    bare = _ABOVE.sub("", bare)
    mode = said.text(entry.get("mode"))
    meters = METERS_OF_MODE.get((bare, mode)) or METERS.get(bare)
    if key == "tiered_pricing":
        why = why or "tiers in a list, which does not say whether the whole request changes price"
    elif meters is None or (
        bare == "output_cost_per_image" and mode not in ("", "image_generation")
    ):
        why = why or f"{said.NO_METER}: {bare}"
    usd = said.number(value)
    if not why and usd is None:
        why = said.NO_NUMBER
    if why or meters is None or usd is None:
        return Skipped(what=what, reason=why, value=_short(value))
    return Rate(
        what=what, provider=provider, model=model, meters=meters, usd=usd, region=region,
        variant=VARIANTS[tier[1]] if tier else "",
        context_over=int(above[1]) * 1000 if above else NO_CONTEXT,
    )  # fmt: skip


def _names(name: str, provider: str) -> tuple[str, str, str, str]:
    """Return provider, model, region and why the entry cannot be placed, from its key.

    A key may name the gateway's provider and a region before the model:
    `bedrock/us-east-1/anthropic.claude-v2`.
    """
    family = provider.removesuffix("_converse")
    family = "vertex_ai" if family.startswith("vertex_ai") else family
    parts = name.split("/")
    if len(parts) > 1 and parts[0] in (provider, family):
        parts = parts[1:]
    named = PROVIDERS.get(provider, PROVIDERS.get(family, provider))
    if family == "bedrock" and len(parts) > 1:
        if any("commitment" in part for part in parts):
            return named, parts[-1], "", said.NOT_ON_DEMAND
        return named, parts[-1], parts[0], ""
    if (
        family == "azure"
        and len(parts) > 1
        and parts[0] in ("eu", "us", "global", "global-standard")
    ):
        if not parts[0].startswith("global"):
            return named, parts[-1], "", f"{said.NO_CONDITION}: data zone {parts[0]}"
        parts = parts[1:]
    return named, "/".join(parts), "", ""


def _short(value: object) -> str:
    whole = str(value)
    return whole if len(whole) <= 60 else f"{whole[:59]}…"
