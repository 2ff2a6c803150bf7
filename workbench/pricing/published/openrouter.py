"""OpenRouter's list of models (`/api/v1/models`): USD a unit as text, so that it is exact.

Source: https://openrouter.ai/docs/api-reference/list-available-models, read 2026-11.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from workbench.pricing.published import rate as said
from workbench.pricing.published.rate import CACHE_WRITE, Rate, Skipped

SOURCE = "openrouter"
METERS = {
    "prompt": ("uncached_input_tokens",),
    "completion": ("output_tokens",),
    "input_cache_read": ("cache_read_tokens",),
    "input_cache_write": CACHE_WRITE,
    "input_cache_write_1h": ("cache_write_1h_tokens",),
    "internal_reasoning": ("reasoning_tokens",),
    "image_token": ("input_image_tokens",),
    "image_output": ("output_image_tokens",),
    "audio": ("input_audio_tokens",),
    "audio_output": ("output_audio_tokens",),
    "input_audio_cache": ("cache_read_audio_tokens",),
    "web_search": ("web_searches",),
    "request": ("billed_requests",),
}
"""`image` is a price of an image read, which no meter counts: `images` are those made."""


def is_of(data: object) -> bool:
    """Say whether a file's content is such a list, or one model of it."""
    return any(said.mapping(one.get("pricing")) and "id" in one for one in _models(data))


def _models(data: object) -> list[Mapping[str, Any]]:
    whole = said.mapping(data)
    found = said.listed(whole.get("data")) or ([whole] if "pricing" in whole else [])
    return [one for one in found if isinstance(one, Mapping)]


def read(data: Mapping[str, Any]) -> Iterator[Rate | Skipped]:
    """Yield every rate of every model, and what of it no price row can say."""
    for model in _models(data):
        name = said.text(model.get("id"))
        for key, value in said.mapping(model.get("pricing")).items():
            what, usd = f"{name} {key}", said.number(value)
            if usd is not None and usd < 0:
                yield Skipped(
                    what=what, reason="the price varies (written as -1)", value=str(value)
                )
            elif key not in METERS:
                yield Skipped(what=what, reason=f"{said.NO_METER}: {key}", value=str(value)[:60])
            elif usd is None:
                yield Skipped(what=what, reason=said.NO_NUMBER, value=str(value)[:60])
            else:
                yield Rate(what=what, provider=SOURCE, model=name, meters=METERS[key], usd=usd)
