"""What a target can do, what the traffic asks of it, and which requests it cannot serve.

A request that does not fit is not priced at the target: a figure without it would be too low,
and nobody would see it. Not known is no yes and no no: such requests are priced and counted
as in doubt.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from workbench.models.provider_exit.replay import Numbers, Traffic

Answer = Literal["yes", "no", "unknown"]
Gap = tuple[str, Literal["missing", "unknown"]]

ASKED_BY_METER: Mapping[str, tuple[str, ...]] = {
    "text out": ("output_tokens",),
    "images out": ("images", "output_image_tokens"),
    "audio out": ("output_audio_tokens", "output_audio_seconds"),
    "video out": ("output_video_tokens",),
    "images in": ("input_image_tokens", "cache_read_image_tokens", "cache_write_image_tokens", "pixels"),
    "audio in": (
        "input_audio_tokens", "cache_read_audio_tokens", "cache_write_audio_tokens",
        "input_audio_seconds",
    ),
    "video in": ("input_video_tokens", "cache_read_video_tokens", "cache_write_video_tokens"),
    "pages": ("pages",),
}  # fmt: skip
"""What a request asks for, by the meters that show it; each is served or the request is not."""
SOFT = ("caching", "batch")
"""A target without these serves the request all the same, at another price."""
SHOWN = (
    "context", "text out", "images in", "audio in", "images out", "tools", "caching", "batch",
    "region",
)  # fmt: skip
"""The capability map, in the order it is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One thing known of a target: the answer, who says so, and how sure that is."""

    answer: Answer
    source: str = ""
    confidence: str = ""
    """stated (by the workspace), confirmed, read-at-source, disputed, derived."""


UNKNOWN = Fact(answer="unknown")


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a target can do; what is not listed is not known."""

    context_tokens: int | None = None
    """Window, input and output together."""
    input_tokens_at_most: int | None = None
    context: Fact = UNKNOWN
    """Where the sizes come from."""
    facts: Mapping[str, Fact] = field(default_factory=dict)
    """By the words of `ASKED_BY_METER`, and tools, caching, batch, structured output."""
    regions: frozenset[str] | None = None
    region: Fact = UNKNOWN
    cache_from_tokens: int | None = None
    """Shortest input that is cached at all."""

    def fact(self, name: str) -> Fact:
        """Return what is known about one capability."""
        return self.facts.get(name, UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What logged traffic and the dossiers ask of a target."""

    largest_request_tokens: int = 0
    """Input and output of the largest request."""
    asked: frozenset[str] = frozenset()
    """Words of `ASKED_BY_METER` and of features: tools, caching, batch."""
    regions: frozenset[str] = frozenset()


def gaps(needs: Needs, target: Capabilities) -> tuple[Gap, ...]:
    """Return what the target lacks or is not known to have; empty means it fits."""
    found: list[Gap] = []
    size = target.context_tokens or target.input_tokens_at_most
    if needs.largest_request_tokens:
        if size is None:
            found.append(("context", "unknown"))
        elif size < needs.largest_request_tokens:
            found.append(("context", "missing"))
    for name in sorted(needs.asked):
        known = target.fact(name).answer
        if known != "yes":
            found.append((name, "missing" if known == "no" else "unknown"))
    if needs.regions:
        if target.regions is None:
            found.append(("region", "unknown"))
        elif not needs.regions & target.regions:
            found.append(("region", "missing"))
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """Which requests a target serves."""

    is_served: NDArray[np.bool_]
    not_servable: Mapping[str, int]
    """Requests by the first reason they are not served for."""
    in_doubt: Mapping[str, int]
    """Requests that are priced though it is not known whether the target serves them."""


def fit(traffic: Traffic, target: Capabilities) -> Fit:
    """Return which requests fit the target's window and are in its media."""
    served = np.ones(traffic.requests, dtype=bool)
    lost: dict[str, int] = {}
    doubt: dict[str, int] = {}
    for name, (asking, known) in _asked(traffic, target).items():
        count = int((asking & served).sum())
        if not count:
            continue
        if known == "no":
            lost[name] = count
            served &= ~asking
        elif known == "unknown":
            doubt[name] = count
    return Fit(is_served=served, not_servable=lost, in_doubt=doubt)


def _asked(traffic: Traffic, target: Capabilities) -> dict[str, tuple[NDArray[np.bool_], Answer]]:
    """Return the requests that ask for each capability, and whether the target has it."""
    found: dict[str, tuple[NDArray[np.bool_], Answer]] = {}
    for name, meters in ASKED_BY_METER.items():
        asking = used(traffic, meters)
        if asking.any():
            found[name] = (asking, target.fact(name).answer)
    sizes = (traffic.context_tokens, whole_size(traffic))
    limits = (target.input_tokens_at_most, target.context_tokens)
    if any(limit is not None for limit in limits):
        beyond = np.zeros(traffic.requests, dtype=bool)
        for size, limit in zip(sizes, limits, strict=True):
            if limit is not None:
                beyond |= size > limit
        found["context"] = (beyond, "no")
    else:
        found["context"] = (traffic.context_tokens > 0, "unknown")
    return found


def used(traffic: Traffic, meters: Sequence[str]) -> NDArray[np.bool_]:
    """Return the requests that metered any of some meters."""
    found = np.zeros(traffic.requests, dtype=bool)
    for name in meters:
        if name in traffic.meters:
            found |= traffic.meters[name] > 0
    return found


def whole_size(traffic: Traffic) -> Numbers:
    """Return input and output tokens of each request; 0 in a provider's own totals."""
    zeros = np.zeros(traffic.requests)
    output = traffic.meters.get("output_tokens", zeros)
    return np.where(traffic.context_tokens > 0, traffic.context_tokens + output, 0)
