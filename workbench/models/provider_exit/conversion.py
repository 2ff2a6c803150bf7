"""What the same texts would meter at another provider: tokens, thinking, caching, capabilities.

No token is rounded here: a ratio is an average over texts, so its product is fractional.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
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
Gap = tuple[str, Literal["missing", "unknown"]]
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

    @property
    def is_identity(self) -> bool:
        """True when nothing changes, so that whole units stay whole."""
        ratios = (self.input_ratio, self.output_ratio, self.thinking_ratio, self.image_ratio)
        same = all(isinstance(one, (int, float)) and one == 1 for one in ratios)
        untouched = self.has_cache and self.cache_hit_kept == 1
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
    _convert_output(meters, conversion)
    _convert_cache(meters, conversion)
    return Traffic(
        instants_us=traffic.instants_us,
        context_tokens=_context(traffic, conversion),
        meters=meters,
    )


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


def _convert_cache(meters: dict[str, Numbers], conversion: Conversion) -> None:
    moved: float | Numbers = 0.0
    for name in CACHED_METERS:
        if name not in meters:
            continue
        if not conversion.has_cache:
            moved = moved + meters.pop(name)
        elif name == "cache_read_tokens":
            moved = moved + meters[name] * (1 - conversion.cache_hit_kept)
            meters[name] = meters[name] * conversion.cache_hit_kept
    if isinstance(moved, np.ndarray):
        meters["uncached_input_tokens"] = meters.get("uncached_input_tokens", 0.0) + moved


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a target can do; None or an absent key is not known, which is no yes."""

    context_tokens: int | None = None
    modalities: frozenset[str] = frozenset({"text"})
    features: Mapping[str, bool] = field(default_factory=dict)
    """tools, caching, batch, structured_output, …"""
    regions: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What the logged traffic and the dossier ask of a target."""

    largest_request_tokens: int
    modalities: frozenset[str] = frozenset({"text"})
    features: frozenset[str] = frozenset()
    regions: frozenset[str] = frozenset()


def gaps(needs: Needs, target: Capabilities) -> tuple[Gap, ...]:
    """Return what the target lacks or is not known to have; empty means it fits."""
    found: list[Gap] = []
    if target.context_tokens is None:
        found.append(("context", "unknown"))
    elif target.context_tokens < needs.largest_request_tokens:
        found.append(("context", "missing"))
    found.extend((name, "missing") for name in sorted(needs.modalities - target.modalities))
    for name in sorted(needs.features):
        if name not in target.features:
            found.append((name, "unknown"))
        elif not target.features[name]:
            found.append((name, "missing"))
    if needs.regions and target.regions is None:
        found.append(("region", "unknown"))
    elif target.regions is not None and not needs.regions <= target.regions:
        found.append(("region", "missing"))
    return tuple(found)


def requests_beyond(traffic: Traffic, context_tokens: int) -> int:
    """Return how many requests do not fit a window of that size, output included."""
    output = traffic.meters.get("output_tokens", np.zeros(traffic.requests))
    return int(np.sum(traffic.context_tokens + output > context_tokens))
