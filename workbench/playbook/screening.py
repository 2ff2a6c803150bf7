"""Which card, account, contact and identity numbers are in a text? Found, then redacted.

One pass of regular expressions over a column proposes candidates; check digits, issuer ranges
and layouts decide. Names and addresses are not found here: they need a language model, and the
page that uses this says so.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from workbench.models.screening import is_card, is_iban
from workbench.playbook.identities import is_identity, is_phone

KINDS = ("card", "iban", "email", "phone", "ssn")

_SPACE = r"[ \u00a0\u202f]"
_EMAIL = re.compile(
    r"(?<![\w.+-])[\w.!#$%&'*+/=?^`{|}~-]+@(?:[\w-]+\.)+[^\W\d_][\w-]{1,62}(?![\w-])", re.UNICODE
)
_IBAN = re.compile(r"(?<![0-9A-Za-z])[A-Z]{2}[0-9]{2}(?:[ \u00a0-]?[0-9A-Z]){11,30}", re.IGNORECASE)
_CARD = re.compile(r"(?<![0-9])(?:[0-9][ \u00a0.-]?){11,18}[0-9](?![0-9])")
_IDENTITY = re.compile(
    r"(?<![\w.+-])(?:"
    r"[A-Z]{6}[0-9LMNPQRSTUV]{2}[A-Z][0-9LMNPQRSTUV]{2}[A-Z][0-9LMNPQRSTUV]{3}[A-Z]"
    r"|[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D]"
    r"|[XYZ]-?[0-9]{7}-?[A-Z]|[0-9]{8}-?[A-Z]"
    r"|[12] ?[0-9]{2} ?[0-9]{2} ?[0-9AB]{2} ?[0-9]{3} ?[0-9]{3} ?[0-9]{2}"
    r"|[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}"
    r"|[0-9]{3}[- ][0-9]{2,3}[- ][0-9]{3,4}"
    r"|[0-9]{6,8}[-+][0-9]{4}"
    r"|[0-9]{2} ?[0-9]{6} ?[A-Z] ?[0-9]{3}"
    r"|[0-9]{9,13}"
    r")(?![\w+]|[.-][0-9])"
)
_PHONE = re.compile(
    rf"(?<![\w.,:/+-])(?:\+|00)?(?:\(\+?[0-9]{{1,5}}\)|[0-9]{{1,5}})"
    rf"(?:(?:{_SPACE}|[-./]|{_SPACE}?[-/]{_SPACE}?)?(?:\([0-9]{{1,4}}\)|[0-9]+)){{1,6}}"
    rf"(?:{_SPACE}?(?:x|ext\.?|#){_SPACE}?[0-9]{{1,6}})?(?![\w]|[.,:/-][0-9])"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One find: its kind, and the characters [start, end)."""

    kind: str
    start: int
    end: int


class Screener:
    """Finds and redacts; holds no text."""

    def find(self, text: str) -> tuple[Span, ...]:
        """Return the finds of one text, in order, never overlapping.

        A candidate that is nothing else but looks like a telephone number is one last.
        """
        taken: list[Span] = []
        for kind, candidates in (
            ("email", _emails(text)), ("iban", _ibans(text)), ("card", _cards(text)),
            ("ssn", _identities(text)), ("phone", _phones(text)),
        ):  # fmt: skip
            for start, end in candidates:
                if all(end <= span.start or start >= span.end for span in taken):
                    taken.append(Span(kind=kind, start=start, end=end))
        return tuple(sorted(taken, key=lambda span: span.start))

    def find_all(self, texts: Sequence[str]) -> list[tuple[Span, ...]]:
        """Return the finds of many texts; texts without @ and digits are passed over at once."""
        column = pl.Series("text", texts, dtype=pl.String)
        maybe = column.str.contains(r"@|[0-9](?:[^0-9\n]{0,3}[0-9]){5,}").to_list()
        return [self.find(t) if look else () for t, look in zip(texts, maybe, strict=True)]

    def redact(self, text: str) -> tuple[str, dict[str, int]]:
        """Return the text with every find replaced by its kind, and how many of each there were."""
        counts: dict[str, int] = {}
        parts, last = [], 0
        for span in self.find(text):
            parts += [text[last : span.start], f"[{span.kind}]"]
            counts[span.kind] = counts.get(span.kind, 0) + 1
            last = span.end
        return "".join([*parts, text[last:]]), counts


def _emails(text: str) -> Iterator[tuple[int, int]]:
    return (match.span() for match in _EMAIL.finditer(text)) if "@" in text else iter(())


def _ibans(text: str) -> Iterator[tuple[int, int]]:
    for match in _IBAN.finditer(text):
        # A word after the number may have been swallowed: shorten until it checks.
        start, end = match.span()
        for stop in range(end, start + 14, -1):
            plain = re.sub(r"[ \u00a0-]", "", text[start:stop])
            whole = stop == len(text) or not text[stop].isalnum()
            if whole and text[stop - 1].isalnum() and is_iban(plain):
                yield start, stop
                break


def _cards(text: str) -> Iterator[tuple[int, int]]:
    for match in _CARD.finditer(text):
        groups = list(re.finditer(r"[0-9]+", match.group()))
        for first in range(len(groups)):
            found = next(
                (
                    last for last in range(len(groups), first, -1)
                    if is_card("".join(group.group() for group in groups[first:last]))
                ),
                None,
            )  # fmt: skip
            if found is not None:
                yield match.start() + groups[first].start(), match.start() + groups[found - 1].end()
                break


def _identities(text: str) -> Iterator[tuple[int, int]]:
    for match in _IDENTITY.finditer(text):
        if is_identity(match.group(), before=text[max(0, match.start() - 40) : match.start()]):
            yield match.span()


def _phones(text: str) -> Iterator[tuple[int, int]]:
    for match in _PHONE.finditer(text):
        if is_phone(match.group(), before=text[max(0, match.start() - 40) : match.start()]):
            yield match.span()


def stored_texts(folder: Path, *, feature: str) -> Iterator[str]:
    """Yield the stored prompt and response texts of a feature, newest files first.

    They lie in `store/content/<data class>/<month>/*.parquet`, or in `evidence/stored_texts.jsonl`
    where the text is kept by another system.
    """
    exported = folder / "evidence" / "stored_texts.jsonl"
    if exported.is_file():
        for line in exported.read_text(encoding="utf-8").splitlines():
            row = json.loads(line) if line.strip() else {}
            if row.get("feature", feature) == feature and row.get("text"):
                yield row["text"]
    for path in sorted((folder / "store" / "content").glob("*/*/*.parquet"), reverse=True):
        frame = pl.scan_parquet(path)
        names = frame.collect_schema()
        if "feature" in names:
            frame = frame.filter(pl.col("feature") == feature)
        for column in ("prompt", "response", "text"):
            if column in names:
                yield from frame.select(column).drop_nulls().collect()[column]
