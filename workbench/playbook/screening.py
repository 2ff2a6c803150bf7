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

from workbench.models.screening import IBAN_LENGTHS, iban_checks, is_card
from workbench.playbook.identities import is_identity, is_phone

KINDS = ("card", "iban", "email", "phone", "ssn")

_SPACE = r"[ \u00a0\u202f]"
_EMAIL = re.compile(
    r"(?<![\w.+-])[\w.!#$%&'*+/=?^`{|}~-]+@(?:[\w-]+\.)+[^\W\d_][\w-]{1,62}(?![\w-])", re.UNICODE
)
_IBAN_START = re.compile(r"(?<![0-9A-Za-z])[A-Z]{2}[0-9]{2}(?=[ \u00a0-]?[0-9A-Z])", re.IGNORECASE)
_DIGIT_RUN = re.compile(r"[0-9]+(?:[ \u00a0.-][0-9]+)*")
_IDENTITY = re.compile(
    r"(?<![\w.+-])(?:"
    r"[A-Z]{6}[0-9LMNPQRSTUV]{2}[A-Z][0-9LMNPQRSTUV]{2}[A-Z][0-9LMNPQRSTUV]{3}[A-Z]"
    r"|[A-Z]{2} ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-DT]"
    r"|[XYZ]-?[0-9]{7}-?[A-Z]|[0-9]{8}-?[A-Z]"
    r"|[12] ?[0-9]{2} ?[0-9]{2} ?[0-9AB]{2} ?[0-9]{3} ?[0-9]{3} ?[0-9]{2}"
    r"|[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}"
    r"|[0-9]{3}[- ][0-9]{2}[- ][0-9]{4}|[0-9]{3}[- ][0-9]{3}[- ][0-9]{3}"
    r"|[0-9]{6,8}[-+][0-9]{4}|[0-9]{6}[-+A][0-9]{3}[0-9A-Y]"
    r"|756\.[0-9]{4}\.[0-9]{4}\.[0-9]{2}"
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
        rest = text
        for kind, candidates in _DETECTORS:
            spans: list[Span] = []
            for start, end in candidates(rest):
                if not spans or start >= spans[-1].end:
                    spans.append(Span(kind=kind, start=start, end=end))
            for span in spans:  # what is found is out of sight for the next detector
                blank = "\n" * (span.end - span.start)
                rest = rest[: span.start] + blank + rest[span.end :]
            taken += spans
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
    for match in _IBAN_START.finditer(text):
        length = IBAN_LENGTHS.get(match.group()[:2].upper())
        stop = length and _iban_end(text, match.start(), lengths=(length, length - 1))
        if stop:
            yield match.start(), stop


def _iban_end(text: str, start: int, *, lengths: tuple[int, int]) -> int | None:
    """Return where an account number ends; one character short still counts if it checks."""
    plain, ends = "", {}
    for place in range(start, min(len(text), start + 2 * lengths[0])):
        if text[place].isascii() and text[place].isalnum():
            plain += text[place]
            ends[len(plain)] = place + 1
        elif text[place] not in " \u00a0-":
            break
    for length in lengths:
        stop = ends.get(length)
        whole = stop is not None and (stop == len(text) or not text[stop].isalnum())
        if whole and iban_checks(plain[:length]):
            return stop
    return None


def _cards(text: str) -> Iterator[tuple[int, int]]:
    """Try every stretch of neighbouring groups, so that a number beside the card hides nothing."""
    for match in _DIGIT_RUN.finditer(text):
        if len(match.group()) < 12:
            continue
        groups = [(found.start(), found.group()) for found in re.finditer(r"[0-9]+", match.group())]
        first = 0
        while first < len(groups):
            last = _card_end([digits for _, digits in groups[first:]])
            if last:
                start, (at, digits) = groups[first][0], groups[first + last - 1]
                yield match.start() + start, match.start() + at + len(digits)
            first += last or 1


def _card_end(groups: Sequence[str]) -> int:
    """Return how many leading groups make a card number, or 0; the longest wins."""
    best, digits = 0, ""
    for count, group in enumerate(groups, start=1):
        digits += group
        if len(digits) > 19:
            break
        if len(digits) >= 12 and is_card(digits):
            best = count
    return best


def _identities(text: str) -> Iterator[tuple[int, int]]:
    for match in _IDENTITY.finditer(text):
        if is_identity(match.group(), before=text[max(0, match.start() - 40) : match.start()]):
            yield match.span()


def _phones_abroad(text: str) -> Iterator[tuple[int, int]]:
    return _phones(text, abroad=True)


def _phones_at_home(text: str) -> Iterator[tuple[int, int]]:
    return _phones(text, abroad=False)


def _phones(text: str, *, abroad: bool) -> Iterator[tuple[int, int]]:
    """Propose telephone numbers: those with + and a country code first, they are sure."""
    for match in _PHONE.finditer(text):
        start, end = match.span()
        sure = match.group().startswith(("+", "(+"))
        before, after = text[max(0, start - 40) : start], text[end : end + 12]
        if sure is abroad and is_phone(match.group(), before=before, after=after):
            yield start, end


_DETECTORS = (
    ("email", _emails), ("iban", _ibans), ("card", _cards), ("phone", _phones_abroad),
    ("ssn", _identities), ("phone", _phones_at_home),
)  # fmt: skip


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
