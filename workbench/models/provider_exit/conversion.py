"""What the same texts would meter at another provider: tokens, thinking, caching.

No token is rounded here: a ratio is an average over texts, so its product is fractional.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from workbench.errors import InputError
from workbench.models.provider_exit.replay import Numbers, Traffic

INPUT_METERS = (
    "uncached_input_tokens", "cache_read_tokens", "cache_write_5m_tokens",
    "cache_write_1h_tokens", "cache_write_unknown_tokens", "input_tool_tokens",
)  # fmt: skip
OUTPUT_METERS = ("output_tokens", "reasoning_tokens", "citation_tokens")
CACHED_METERS = INPUT_METERS[1:5]

Basis = Literal["assumed", "single-sample", "measured"]
BASES: tuple[Basis, ...] = ("assumed", "single-sample", "measured")
"""How a ratio is known, the weakest first."""
IMAGE_METERS = ("input_image_tokens", "cache_read_image_tokens", "cache_write_image_tokens")


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """How the source's text meters become the target's; a ratio may be one number a request."""

    input_ratio: float | Numbers = 1.0
    output_ratio: float | Numbers = 1.0
    thinking_ratio: float = 1.0
    """Target's reasoning tokens per reasoning token of the source."""
    added_thinking_per_output: float = 0.0
    """Reasoning tokens a token of plain output, where the target thinks by default."""
    image_ratio: float = 1.0
    has_cache: bool = True
    """Without one, everything that was read from or written to a cache is plain input."""
    cache_hit_kept: float = 1.0
    """Share of cache reads that are still hits under the target's rules."""
    cache_from_tokens: int = 0
    """Shortest input the target caches; a shorter request reads and writes no cache there."""

    @property
    def is_identity(self) -> bool:
        """True when nothing changes, so that whole units stay whole."""
        ratios = (self.input_ratio, self.output_ratio, self.thinking_ratio, self.image_ratio)
        same = all(isinstance(one, (int, float)) and one == 1 for one in ratios)
        untouched = self.has_cache and self.cache_hit_kept == 1 and self.cache_from_tokens == 0
        return same and untouched and self.added_thinking_per_output == 0


def convert(traffic: Traffic, conversion: Conversion) -> Traffic:
    """Return the traffic in the target's tokens; the identity returns it unchanged."""
    if conversion.is_identity:
        return traffic
    meters = {name: np.asarray(units, np.float64) for name, units in traffic.meters.items()}
    for name in INPUT_METERS:
        if name in meters:
            meters[name] = meters[name] * conversion.input_ratio
    for name in IMAGE_METERS:
        if name in meters:
            meters[name] = meters[name] * conversion.image_ratio
    context = _context(traffic, conversion)
    _convert_output(meters, conversion)
    _convert_cache(meters, conversion, context)
    return Traffic(instants_us=traffic.instants_us, context_tokens=context, meters=meters)


def _context(traffic: Traffic, conversion: Conversion) -> Numbers:
    zeros = np.zeros(traffic.requests)
    images = sum((np.asarray(traffic.meters.get(name, zeros)) for name in IMAGE_METERS), zeros)
    is_single = traffic.context_tokens > 0
    image_part = np.where(is_single, images, 0.0)
    text = traffic.context_tokens - image_part
    return text * conversion.input_ratio + image_part * conversion.image_ratio


def _convert_output(meters: dict[str, Numbers], conversion: Conversion) -> None:
    output = meters.get("output_tokens")
    if output is None:
        return
    thinking = meters.get("reasoning_tokens", np.zeros(len(output)))
    plain = (output - thinking) * conversion.output_ratio
    kept = thinking * conversion.output_ratio * conversion.thinking_ratio
    thinking = kept + plain * conversion.added_thinking_per_output
    meters["output_tokens"] = plain + thinking
    if np.any(thinking > 0):
        meters["reasoning_tokens"] = thinking


def _convert_cache(meters: dict[str, Numbers], conversion: Conversion, context: Numbers) -> None:
    # A provider's own totals have no size of one request, so no request is too short in them.
    is_long_enough = (context == 0) | (context >= conversion.cache_from_tokens)
    moved: float | Numbers = 0.0
    for name in CACHED_METERS:
        if name not in meters:
            continue
        kept = is_long_enough if conversion.has_cache else np.zeros(len(context), dtype=bool)
        share = conversion.cache_hit_kept if name == "cache_read_tokens" else 1.0
        moved = moved + meters[name] * (1 - share * kept)
        meters[name] = meters[name] * share * kept
        if not meters[name].any():
            del meters[name]
    if isinstance(moved, np.ndarray):
        meters["uncached_input_tokens"] = meters.get("uncached_input_tokens", 0.0) + moved


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenCounts:
    """What one evaluation case, or all of a run, metered at one model."""

    input_tokens: float
    output_tokens: float
    """Thinking included."""
    reasoning_tokens: float = 0.0


def measured_conversion(source: TokenCounts, target: TokenCounts) -> Conversion:
    """Return what the same cases metered at the target per token of the source.

        input ratio = target input / source input
        output ratio = target plain output / source plain output
        thinking: per thinking token of the source, or where it thought not at all, per plain token

    Raises
    ------
    InputError
        If either run has no tokens to compare.
    """
    plain = source.output_tokens - source.reasoning_tokens
    other = target.output_tokens - target.reasoning_tokens
    if min(source.input_tokens, target.input_tokens, plain, other) <= 0:
        raise InputError("Both runs need input and plain output tokens to be compared.")
    output = other / plain
    thought = source.reasoning_tokens
    return Conversion(
        input_ratio=target.input_tokens / source.input_tokens,
        output_ratio=output,
        thinking_ratio=target.reasoning_tokens / (thought * output) if thought else 1.0,
        added_thinking_per_output=0.0 if thought else target.reasoning_tokens / other,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenizerRatio:
    """Tokens of a target per token of the source for one kind of text, and how it is known."""

    ratio: float
    basis: Basis
    samples: int = 1


def blended_ratio(
    token_share_by_kind: Mapping[str, float], ratios: Mapping[str, TokenizerRatio]
) -> TokenizerRatio:
    """Return the ratio of a mix of texts; its basis is the weakest of its parts.

        ratio = sum(share_kind * ratio_kind), shares being of source tokens

    Raises
    ------
    InputError
        If the shares don't sum to 1, or a kind has no ratio.
    """
    missing = sorted(set(token_share_by_kind) - set(ratios))
    if missing or abs(sum(token_share_by_kind.values()) - 1) > 1e-9:
        raise InputError(
            f"Token shares must sum to 1 and every kind needs a ratio; without one: {missing}."
        )
    used = [ratios[kind] for kind, share in token_share_by_kind.items() if share > 0]
    return TokenizerRatio(
        ratio=sum(share * ratios[kind].ratio for kind, share in token_share_by_kind.items()),
        basis=BASES[min(BASES.index(one.basis) for one in used)],
        samples=min(one.samples for one in used),
    )
