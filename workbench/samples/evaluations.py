"""Synthetic evaluation results: models in use, their successors, and targets of an exit.

Everything is invented and the same for every seed; it says nothing of the models named.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

Rows = list[dict[str, Any]]

_RESULT_COLUMNS = (
    "case_id", "success", "cost_usd", "latency_ms", "input_tokens", "output_tokens",
    "reasoning_tokens", "refused", "schema_valid", "attack_resisted",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A model a feature was evaluated at, and how its synthetic results differ from those in use."""

    provider: str
    model: str
    accepted: float
    usd: float
    tokens: float = 1.0
    """Input tokens for the same cases: another tokenizer."""
    words: float = 1.0
    """Plain output tokens: another wordiness."""
    thinking: float = 1.0
    """Reasoning tokens."""


IN_USE = {"support-chat": (600, 0.918, 0.021), "code-assistant": (160, 0.77, 0.34)}
"""Synthetic cases, share accepted and USD a case at the model in use."""
REWORK_USD = {"support-chat": 0.10, "code-assistant": 0.0}
"""Synthetic: a person looks at one rejected answer in six for a minute."""
EVALUATED_AT: dict[str, tuple[Target, ...]] = {
    "support-chat": (
        Target(provider="openai", model="gpt-5.4", accepted=0.916, usd=0.024, tokens=0.96,
               words=1.06, thinking=3.2),
        Target(provider="openai", model="gpt-5.4-mini", accepted=0.872, usd=0.008, tokens=0.96,
               words=1.12, thinking=3.0),
        Target(provider="google", model="gemini-2.5-pro", accepted=0.909, usd=0.016, tokens=1.05,
               words=0.97, thinking=4.0),
        Target(provider="google", model="gemini-3.5-flash", accepted=0.893, usd=0.011, tokens=1.05,
               words=1.03, thinking=2.4),
        Target(provider="mistral", model="mistral-medium-3-5", accepted=0.868, usd=0.013,
               tokens=1.08, words=0.94, thinking=0.4),
        Target(provider="deepseek", model="deepseek-v4-pro", accepted=0.881, usd=0.009, tokens=1.07,
               words=1.21, thinking=3.6),
    ),
    "code-assistant": (
        Target(provider="openai", model="gpt-5.3-codex", accepted=0.755, usd=0.27, tokens=0.97,
               words=1.1, thinking=2.2),
        Target(provider="google", model="gemini-2.5-pro", accepted=0.70, usd=0.21, tokens=1.12,
               words=0.95, thinking=2.8),
    ),
}  # fmt: skip
"""Invented results at real models: they show what the page does and say nothing of the models."""


def evaluations() -> dict[str, Rows]:
    """Return result files: a successor shown to hold, a backup that holds, one with too few cases."""
    return {
        "support-chat-successor-old": _results(1, cases=2_600, success=0.905, usd=0.031, slow=1.25),
        "support-chat-successor-new": _results(1, cases=2_600, success=0.918, usd=0.021, slow=1.0),
        "support-chat-backup-old": _results(2, cases=2_600, success=0.918, usd=0.021, slow=1.0),
        "support-chat-backup-new": _results(2, cases=2_600, success=0.916, usd=0.024, slow=1.1),
        "code-assistant-opus-old": _results(3, cases=180, success=0.74, usd=0.19, slow=2.0),
        "code-assistant-opus-new": _results(3, cases=180, success=0.77, usd=0.34, slow=2.4),
        **_at_targets(),
    }  # fmt: skip


def _at_targets() -> dict[str, Rows]:
    found: dict[str, Rows] = {}
    for seed, (name, at) in enumerate(EVALUATED_AT.items(), start=11):
        cases, accepted, usd = IN_USE[name]
        found[f"{name}-in-use"] = _results(seed, cases=cases, success=accepted, usd=usd, slow=1.0)
        for one in at:
            found[f"{name}-at-{one.model}"] = _results(
                seed, cases=cases, success=one.accepted, usd=one.usd, slow=1.1,
                tokens=(one.tokens, one.words, one.thinking),
            )  # fmt: skip
    return found


def _results(
    seed: int, *, cases: int, success: float, usd: float, slow: float,
    tokens: tuple[float, float, float] = (1.0, 1.0, 1.0),
) -> Rows:  # fmt: skip
    """Draw one model's results; the same seed gives the same cases, hard for both models.

    `tokens` are the factors of input, plain output and thinking at another tokenizer.
    """
    rng = np.random.default_rng([20_260_720, seed])
    hard, size, luck = (rng.random(cases) for _ in range(3))
    own = np.random.default_rng([round(success * 1e4), round(usd * 1e4), seed])
    solved = 0.9 * hard + 0.1 * own.random(cases) > 1 - success
    rare = own.random((3, cases))
    return [
        dict(zip(_RESULT_COLUMNS, (
            f"case-{n:04}", str(bool(solved[n])).lower(), f"{usd * (0.6 + 0.8 * size[n]):.6f}",
            round(slow * 1_000 * (1.5 + 4 * luck[n] ** 3)), round(18_000 * (0.5 + size[n]) * tokens[0]),
            round((260 + 320 * size[n] - 90 * luck[n]) * tokens[1] + 90 * luck[n] * tokens[2]),
            round(90 * luck[n] * tokens[2]), str(bool(rare[0, n] < 0.006)).lower(),
            str(bool(rare[1, n] >= 0.002)).lower(), str(bool(rare[2, n] >= 0.004)).lower(),
        ), strict=True))
        for n in range(cases)
    ]  # fmt: skip
