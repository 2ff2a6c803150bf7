"""How many tokens the same texts take at another model: a ratio of sums, with its error.

    ratio = sum of target tokens / sum of source tokens

over the samples, so that long texts weigh what they cost. The band is a bootstrap over samples
(Efron, Bootstrap Methods: Another Look at the Jackknife, Annals of Statistics 7(1), 1979): it
says how far another draw of samples would move the ratio, not how far other texts would.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from workbench.errors import InputError

DRAWS = 2_000
FEW_SAMPLES = 30
"""Below this a band is too narrow to be believed: the ratio is shown and said to rest on few."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedText:
    """One sample text as both models count it."""

    kind: str
    """json, code, table, German, …"""
    source_tokens: int
    target_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredRatio:
    """Target tokens per source token over some samples."""

    ratio: float
    p10: float
    p90: float
    samples: int
    source_tokens: int

    @property
    def rests_on_few(self) -> bool:
        """True when there are too few samples for the band to mean much."""
        return self.samples < FEW_SAMPLES


def measured_ratio(texts: Sequence[CountedText], *, seed: int = 1) -> MeasuredRatio:
    """Return the ratio of some texts with its P10 and P90 over resampled texts.

    Raises
    ------
    InputError
        If there is no text with tokens on both sides.

    Examples
    --------
    >>> one = CountedText(kind="json", source_tokens=100, target_tokens=134)
    >>> measured_ratio([one, one]).ratio
    1.34
    """
    counts = np.array([(one.source_tokens, one.target_tokens) for one in texts], dtype=np.float64)
    if len(counts) == 0 or (counts <= 0).any():
        raise InputError("A token ratio needs samples, each with tokens at both models.")
    rng = np.random.default_rng(seed)
    drawn = counts[rng.integers(0, len(counts), (DRAWS, len(counts)))].sum(axis=1)
    p10, p90 = np.quantile(drawn[:, 1] / drawn[:, 0], (0.1, 0.9))
    total = counts.sum(axis=0)
    return MeasuredRatio(
        ratio=float(total[1] / total[0]), p10=float(p10), p90=float(p90),
        samples=len(texts), source_tokens=int(total[0]),
    )  # fmt: skip


def ratios_by_kind(texts: Sequence[CountedText], *, seed: int = 1) -> Mapping[str, MeasuredRatio]:
    """Return the ratio of each kind of text, the kind with most tokens first."""
    kinds: dict[str, list[CountedText]] = {}
    for one in texts:
        kinds.setdefault(one.kind, []).append(one)
    found = {kind: measured_ratio(of_kind, seed=seed) for kind, of_kind in kinds.items()}
    return dict(sorted(found.items(), key=lambda one: (-one[1].source_tokens, one[0])))
