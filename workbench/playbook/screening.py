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
from workbench.playbook.identities import CANDIDATE, FEWEST_NAMED, is_identity, stands_alone
from workbench.playbook.naming_words import REACH, nearest_word
from workbench.playbook.phones import is_phone, is_strong_phone

KINDS = ("card", "iban", "email", "phone", "ssn")

_SPACE = r"[ \u00a0\u202f]"
_EMAIL = re.compile(
    r"(?<![\w.+-])[\w.!#$%&'*+/=?^`{|}~-]{1,128}+@(?:[\w-]{1,63}+\.){1,8}[^\W\d_][\w-]{1,62}(?![\w-])"
)
_IBAN_START = re.compile(r"(?<![0-9A-Za-z])[A-Z]{2}[0-9]{2}(?=[ \u00a0-]?[0-9A-Z])", re.IGNORECASE)
_IBAN_WRITTEN = re.compile(r"[0-9A-Za-z]+|(?:[0-9A-Za-z]{4}[ \u00a0])+[0-9A-Za-z]{1,4}")
_DIGITS = re.compile(r"[0-9]+")
_DIGIT_RUN = re.compile(r"[0-9]+(?:[ \u00a0.-][0-9]+)*")
_MARK = rf"(?:{_SPACE}?[-/]{_SPACE}?|{_SPACE}|\.)"
_PHONE = re.compile(
    rf"(?<![\w.,:/+-])(?:\+|00)?(?:\(\+?[0-9]{{1,5}}\)|[0-9]{{1,16}}+)"
    rf"(?:{_MARK}?\([0-9]{{1,4}}\)|{_MARK}[0-9]{{1,16}}+|(?<=\))[0-9]{{1,16}}+){{0,6}}"
    rf"(?:{_SPACE}?(?:x|ext\.?|#){_SPACE}?[0-9]{{1,6}}+)?(?![\w]|[.,:/-][0-9])"
)
"""Each group of digits is taken whole, so that no text makes the search try its every division."""
_READ_OUT = re.compile(
    r"[0-9]{4}(?:[ -][0-9]{4}){2,3}(?:[ -][0-9]{1,4})?|[0-9]{4}[ -][0-9]{6}[ -][0-9]{4,5}"
)
"""How cards are printed: fours with a rest, 4-6-5 (American Express), 4-6-4 (Diners Club)."""


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
            parts, last = [], 0
            for start, end in candidates(rest):
                if start >= last:
                    taken.append(Span(kind=kind, start=start, end=end))
                    # What is found is out of sight for the next detector.
                    parts += [rest[last:start], "\n" * (end - start)]
                    last = end
            rest = "".join([*parts, rest[last:]])
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
        lengths = (length, length - 1) if length else range(34, 13, -1)
        stop = _iban_end(text, match.start(), lengths=lengths)
        if stop and (length or _IBAN_WRITTEN.fullmatch(text, match.start(), stop)):
            yield match.start(), stop


def _iban_end(text: str, start: int, *, lengths: Sequence[int]) -> int | None:
    """Return where an account number ends; one character short still counts if it checks.

    A country outside the registry has no length of its own: the check digits decide.
    """
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
        spans = [found.span() for found in _DIGITS.finditer(text, *match.span())]
        plus = text[match.start() - 1 : match.start()] == "+"  # a country code, and no card's start
        first = int(plus)
        while first < len(spans):
            count = _card_groups(text, spans[first:])
            begin, end = spans[first][0], spans[first + max(count, 1) - 1][1]
            read = _READ_OUT.fullmatch(text, begin, end) is not None
            before = text[max(0, begin - REACH) : begin]
            if not count or (plus and not read) or _is_other(text[begin:end], before=before):
                first += 1
                continue
            yield begin, end
            first += count


def _card_groups(text: str, spans: Sequence[tuple[int, int]]) -> int:
    """Return how many leading groups make a card number, or 0; the longest wins.

    Groups are joined by one kind of mark, or are the four digits a card is read out in. Digits
    that letters go on from are a part of something longer, such as a hash.
    """
    best, mixed, digits = 0, 0, ""
    if re.search(r"[0-9][^\W_]*\Z", text[max(0, spans[0][0] - REACH) : spans[0][0]]):
        return 0
    for count, (begin, end) in enumerate(spans, start=1):
        digits += text[begin:end]
        if len(digits) > 19:
            break
        goes_on = end < len(text) and text[end].isascii() and text[end].isalpha()
        if goes_on or len(digits) < 12 or not is_card(digits):
            continue
        one_mark = len({text[stop] for _, stop in spans[: count - 1]}) <= 1
        read = _READ_OUT.fullmatch(text, spans[0][0], end) is not None
        if one_mark and (read or count == 1 or len(digits) >= 15):
            best = count
        elif read:
            mixed = count
    return best or mixed


def _is_other(digits: str, *, before: str) -> bool:
    """Say whether what would be a short card number is a person's, a telephone's or a parcel's."""
    word = nearest_word(before)
    if not digits.isdigit():
        return word == "other" and _READ_OUT.fullmatch(digits) is None
    if len(digits) > 14:
        return word == "identity" and stands_alone(digits)
    return word not in (None, "card") or (word is None and stands_alone(digits))


def _identities(text: str) -> Iterator[tuple[int, int]]:
    for match in CANDIDATE.finditer(text):
        start, end = match.span()
        if end - start >= FEWEST_NAMED and is_identity(match.group(), **_around(text, start, end)):
            yield start, end


def _phones_abroad(text: str) -> Iterator[tuple[int, int]]:
    return _phones(text, abroad=True)


def _phones_at_home(text: str) -> Iterator[tuple[int, int]]:
    return _phones(text, abroad=False)


def _phones(text: str, *, abroad: bool) -> Iterator[tuple[int, int]]:
    """Propose telephone numbers: those with + and a country code first, they are sure."""
    for match in _PHONE.finditer(text):
        start, end = match.span()
        if match.group().startswith(("+", "(+")) is not abroad:
            continue
        if is_phone(match.group(), **_around(text, start, end)):
            yield start, end
        elif " " in match.group():
            yield from _two_phones(text, start, end)


def _two_phones(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Split what is too long for a number at a space.

    Both halves are numbers, or the first is one whatever follows it.
    """
    if _READ_OUT.fullmatch(text, start, end):
        return
    places = [p for p in range(end - 1, start, -1) if text[p] == " " and text[p - 1] != ")"]
    for space in places:
        halves = ((start, space), (space + 1, end))
        if all(is_phone(text[a:b], **_around(text, a, b)) for a, b in halves):
            yield from halves
            return
    for space in places:
        around = _around(text, start, space)
        if is_strong_phone(text[start:space], before=around["before"]):
            yield start, space
            return


def _around(text: str, start: int, end: int) -> dict[str, str]:
    return {"before": text[max(0, start - REACH) : start], "after": text[end : end + REACH]}


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
