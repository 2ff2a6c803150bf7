"""Prompts and answers of the synthetic support chat: invented sentences, no person in them.

They are kept for one data class only, as a cautious organisation would, so that the size and
compression of text are measured on the store and old months have something to dispose of.
"""

from pathlib import Path

import numpy as np
import polars as pl

from workbench.samples.text import write_lines

TEXTS_FILE = "synthetic-support-texts.jsonl.zst"
DATA_CLASS = "customer content"
FEATURE = "support-chat"
SHARE = 0.02
"""Part of the feature's requests whose text was logged."""
_OPENINGS = ("My order", "The invoice", "Your delivery", "The second device", "Our subscription",
             "The export", "This coupon", "The new address")  # fmt: skip
_VERBS = ("arrived", "shows", "needs", "was promised", "lists", "failed at", "still has", "lost")
_THINGS = ("the wrong size", "two payments", "a signature", "the old plan", "a broken seal", "no receipt",
           "an expired card", "the other branch", "a missing part", "a late refund")  # fmt: skip
_CLOSINGS = ("Please check it.", "What can be done?", "The shop could not say.", "It worked last week.",
             "A colleague saw the same.", "There was no message.")  # fmt: skip
_STEPS = ("We looked at", "The records show", "Please send", "Nothing changes for", "A specialist checks",
          "The refund covers", "The warranty includes", "You may return")  # fmt: skip


def write_texts(path: Path, frame: pl.DataFrame, rng: np.random.Generator) -> int:
    """Write prompt and answer of a sample of the feature's requests; return the records."""
    chosen = frame.filter(pl.col("feature") == FEATURE).sample(fraction=SHARE, seed=11)
    rows = chosen.sort("started_at", "request_id", "attempt").select(
        "request_id", "started_at", "user_id", "session_id"
    )
    records = []
    for request, at, user, session in rows.iter_rows():
        for role, starts in (("prompt", _OPENINGS), ("answer", _STEPS)):
            records.append(
                {
                    "occurred_at": f"{at.isoformat(timespec='milliseconds')}Z", "data_class": DATA_CLASS,
                    "role": role, "text": _text(rng, starts), "request_id": request, "user_id": user,
                    "session_id": session, "feature": FEATURE, "x_synthetic": True,
                }
            )  # fmt: skip
    write_lines(path, pl.DataFrame(records).write_ndjson().splitlines() if records else [])
    return len(records)


def _text(rng: np.random.Generator, starts: tuple[str, ...]) -> str:
    count = int(rng.integers(12, 60))
    parts = [starts, _VERBS, _THINGS, _CLOSINGS]
    picks = [rng.integers(0, len(part), count) for part in parts]
    numbers = rng.integers(1, 90, count)
    return " ".join(
        f"{starts[a]} {_VERBS[b]} {_THINGS[c]} on line {n}. {_CLOSINGS[d]}"
        for a, b, c, d, n in zip(*picks, numbers, strict=True)
    )
