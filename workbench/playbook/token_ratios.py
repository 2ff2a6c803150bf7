"""Tokens of the same text at another model, measured on the user's own samples.

The target's tokenizer is a `tokenizer.json` the user points at; the source's is another one, or
the counts the logs hold for the same texts. Needs the optional package tokenizers (extra
`tokenizers`). The shipped ratios rest on one short text a kind: they show how far models are
apart, and never convert traffic.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from workbench.errors import InputError
from workbench.models.provider_exit.conversion import Conversion
from workbench.models.provider_exit.token_ratio import (
    CountedText,
    MeasuredRatio,
    measured_ratio,
    ratios_by_kind,
)
from workbench.playbook.text_kinds import text_kind
from workbench.reference import read_table

FOLDER = Path("evidence", "token_ratios")
SAMPLES = Path("evidence", "stored_texts.jsonl")
LARGEST_TEXT = 1_000_000
MOST_SAMPLES = 50_000
SUFFIXES = (".jsonl", ".txt", ".md", ".json", ".py", ".csv", ".log", ".html", ".sql")
Count = Callable[[str], int]
Names = tuple[str, str]

FAMILIES: tuple[tuple[str, str], ...] = (
    (r"^(gpt-4o|gpt-4\.1|gpt-4\.5|gpt-5|gpt-6|o1|o3|o4|chatgpt)", "openai_o200k"),
    (r"^(gpt-4|gpt-3\.5)", "openai_cl100k"),
    (r"gemini", "gemini"), (r"gemma", "gemma3"), (r"deepseek", "deepseek_v3"),
    (r"llama-?3|llama-?4", "llama3"), (r"qwen-?3", "qwen3"),
    (r"(mistral|ministral|magistral|devstral)", "mistral_tekken"),
)  # fmt: skip
"""Which shipped vocabulary a model's name belongs to; Claude's of today are not public."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One text; its kind and its logged tokens where the sample states them."""

    text: str
    kind: str
    tokens: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRatios:
    """One measurement: who counts how much of what the other counts, by kind of text."""

    source: str
    target: str
    overall: MeasuredRatio
    by_kind: Mapping[str, MeasuredRatio]
    tokenizer_sha256: str
    measured_on: date
    is_synthetic: bool = False
    """Measured on synthetic samples: shown as such."""

    def as_data(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {
            "source": self.source, "target": self.target, "overall": asdict(self.overall),
            "by_kind": {kind: asdict(one) for kind, one in self.by_kind.items()},
            "tokenizer_sha256": self.tokenizer_sha256,
            "measured_on": self.measured_on.isoformat(), "is_synthetic": self.is_synthetic,
        }  # fmt: skip

    def conversion(self) -> Conversion:
        """Return the ratio for what goes in and what comes out: one tokenizer counts both."""
        return Conversion(input_ratio=self.overall.ratio, output_ratio=self.overall.ratio)


def read_samples(paths: Iterable[Path]) -> tuple[Sample, ...]:
    """Return the texts of files and folders: JSON lines with `text`, or one text a file.

    Raises
    ------
    InputError
        If a path is missing, a line holds no `text`, or nothing was found.
    """
    found: list[Sample] = []
    for path in paths:
        if not path.exists():
            raise InputError(f"{path}: no such file or folder of samples.")
        files = (
            sorted(p for p in path.rglob("*") if p.suffix in SUFFIXES) if path.is_dir() else [path]
        )
        for file in files:
            found += _of_file(file)
            if len(found) > MOST_SAMPLES:
                raise InputError(
                    f"More than {MOST_SAMPLES:,} samples; a few hundred a kind are plenty."
                )
    if not found:
        raise InputError("No samples: name files with texts, JSON lines with `text`, or a folder.")
    return tuple(found)


def _of_file(path: Path) -> Iterator[Sample]:
    try:
        content = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 text ({error.reason}).") from error
    if path.suffix != ".jsonl":
        if content.strip():
            yield Sample(text=content[:LARGEST_TEXT], kind=text_kind(content))
        return
    for number, line in enumerate(content.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            text, tokens = row["text"], row.get("tokens")
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{path} line {number}: needs a JSON object with `text`.") from error
        if not isinstance(text, str) or not (tokens is None or isinstance(tokens, int)):
            raise InputError(f"{path} line {number}: `text` is text, `tokens` a whole number.")
        if text.strip():
            yield Sample(
                text=text[:LARGEST_TEXT],
                kind=str(row.get("kind") or text_kind(text)),
                tokens=tokens,
            )


def counter(path: Path) -> tuple[Count, str]:
    """Return what counts a text's tokens with a `tokenizer.json`, and the file's hash.

    Raises
    ------
    InputError
        If the package is not installed, or the file is no tokenizer.
    """
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        raise InputError(
            "Counting tokens needs the package tokenizers. Install it with "
            "`pip install 'workbench[tokenizers]'`."
        ) from error
    if not path.is_file():
        raise InputError(f"{path}: no such tokenizer.json.")
    raw = path.read_bytes()
    try:
        tokenizer = Tokenizer.from_str(raw.decode("utf-8"))
    except Exception as error:  # the package raises plain Exception on what it cannot read
        raise InputError(f"{path}: no tokenizer.json ({str(error)[:160]}).") from error

    def count(text: str) -> int:
        return len(tokenizer.encode(text, add_special_tokens=False).ids)

    return count, hashlib.sha256(raw).hexdigest()


def measure(
    samples: Sequence[Sample], *, source: Names, target: Names, target_tokenizer: Path,
    source_tokenizer: Path | None, measured_on: date, is_synthetic: bool = False,
) -> TokenRatios:  # fmt: skip
    """Count the samples at both models and return the ratio by kind of text.

    Raises
    ------
    InputError
        If neither a source tokenizer nor logged counts say what the source takes.
    """
    at_target, digest = counter(target_tokenizer)
    at_source = counter(source_tokenizer)[0] if source_tokenizer else None
    if at_source is None and any(one.tokens is None for one in samples):
        raise InputError(
            "What the source counts is not known: name its tokenizer.json with "
            "--source-tokenizer, or give every sample its logged `tokens`."
        )
    counted = [
        CountedText(
            kind=one.kind,
            source_tokens=at_source(one.text) if at_source else one.tokens or 0,
            target_tokens=at_target(one.text),
        )
        for one in samples
    ]
    return TokenRatios(
        source="/".join(source), target="/".join(target), overall=measured_ratio(counted),
        by_kind=ratios_by_kind(counted), tokenizer_sha256=digest, measured_on=measured_on,
        is_synthetic=is_synthetic,
    )  # fmt: skip


def keep(ratios: TokenRatios, root: Path) -> Path:
    """Write a measurement into the workspace; a newer one of the same pair replaces it."""
    folder = root / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", f"{ratios.source}--{ratios.target}")
    path = folder / f"{name}.json"
    path.write_text(json.dumps(ratios.as_data(), indent=1) + "\n", encoding="utf-8")
    return path


def read_kept(root: Path) -> tuple[TokenRatios, ...]:
    """Return the measurements on file.

    Raises
    ------
    InputError
        If a file in the folder is no measurement.
    """
    found = []
    for path in sorted((root / FOLDER).glob("*.json")):
        try:
            row = json.loads(path.read_text(encoding="utf-8"))
            kinds = {kind: MeasuredRatio(**one) for kind, one in row.pop("by_kind").items()}
            day = date.fromisoformat(row.pop("measured_on"))
            overall = MeasuredRatio(**row.pop("overall"))
            found.append(TokenRatios(**row, overall=overall, by_kind=kinds, measured_on=day))
        except (ValueError, TypeError, KeyError) as error:
            raise InputError(f"{path} is no token measurement ({error}). Move it away.") from error
    return tuple(found)


def shipped_range(source_model: str, target_model: str) -> tuple[float, float] | None:
    """Return the least and the largest shipped ratio over the kinds of text; None if not public.

    One short sample a kind: it shows the effect and is no forecast.
    """
    here, there = _family(source_model), _family(target_model)
    if here is None or there is None:
        return None
    table = read_table("tokenizer_ratios")
    by_kind = {
        (row["tokenizer"], row["text_kind"]): float(row["tokens_per_o200k_token"]) for row in table
    }
    kinds = {kind for family, kind in by_kind if family == there}
    ratios = [
        by_kind[there, kind] / by_kind[here, kind] for kind in kinds if (here, kind) in by_kind
    ]
    return (min(ratios), max(ratios)) if ratios else None


def _family(model: str) -> str | None:
    name = model.lower().rpartition("/")[2]
    return next((family for pattern, family in FAMILIES if re.search(pattern, name)), None)
