"""One person, by every identifier the store may hold, and how such an identifier is recognised.

A long term, such as a hash, is found anywhere. A short one, and a session or trace, counts only
as a whole word: `user-3` does not stand in `user-31`. A very short session counts only in quotes.
"""

import hmac
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

LONG = 16
"""From this length on an identifier is looked for anywhere, not only as a word."""
SHORTEST_WORD = 6
"""Sessions and traces below this length are told from numbers only where they stand in quotes."""
FEW = 64
"""Up to so many ids, each is looked for by itself: quicker than taking a text apart."""
_SPLIT = bytes(one if chr(one).isalnum() and one < 128 else 32 for one in range(256))
"""Of a table of bytes: what is no letter or digit becomes a space; quicker than an expression."""


def user_hash(user_key: bytes, user_id: str) -> str:
    """Return the keyed hash ingest makes of a user's id: HMAC-SHA-256, 32 hexadecimal digits."""
    return hmac.digest(user_key, user_id.encode(), "sha256").hex()[:32]


class Finder:
    """Finds identifiers in bytes, and in columns: terms inside a text, ids as whole values.

    A person may have thousands of sessions, so ids are looked up by one run of letters and digits
    each; only what shares it is compared.
    """

    def __init__(self, terms: Iterable[str], ids: Iterable[str] = ()) -> None:
        self._terms = tuple(dict.fromkeys(t.encode() for term in terms for t in _written(term)))
        self.ids = tuple(dict.fromkeys(ids))
        """Sessions and traces."""
        self.terms = tuple(one.decode() for one in self._terms)
        """As they are, and as JSON writes them."""
        self.pattern = "|".join(_as_word(one.decode()) for one in self._terms)
        """Of the terms, for RE2 and Python alike; empty where there are none."""
        self._by_token: dict[bytes, list[bytes]] = {}
        self._id_of = {t.encode(): one for one in self.ids for t in _written(one)}
        for text in self._id_of:
            tokens = text.translate(_SPLIT).split()
            if tokens:
                self._by_token.setdefault(max(tokens, key=_tells), []).append(text)

    @cached_property
    def _tokens(self) -> set[bytes]:
        return set(self._by_token)

    @cached_property
    def _compiled(self) -> re.Pattern[bytes]:
        return re.compile(self.pattern.encode())

    @property
    def longest(self) -> int:
        """Bytes of the longest identifier."""
        held = (one for texts in self._by_token.values() for one in texts)
        return max((len(one) for one in (*self._terms, *held)), default=0)

    def is_in(self, block: bytes) -> bool:
        """Return whether an identifier stands in the bytes."""
        if any(one in block for one in self._terms) and self._compiled.search(block):
            return True
        return any(_id_pattern(one).search(block) for one in self._candidates(block))

    def _candidates(self, block: bytes) -> list[bytes]:
        if len(self._id_of) <= FEW:
            return [one for texts in self._by_token.values() for one in texts if one in block]
        shared = self._tokens.intersection(block.translate(_SPLIT).split())
        return [one for token in shared for one in self._by_token[token] if one in block]

    def among(self, block: bytes) -> "Subject":
        """Return who may stand in the bytes: quick for the many records of a block."""
        terms = tuple(one.decode() for one in self._terms if one in block)
        ids = tuple(dict.fromkeys(self._id_of[one] for one in self._candidates(block)))
        return Subject(terms=terms, sessions=ids)

    def nulled(self, record: bytes) -> bytes:
        """Return a record of JSON with null for every value that is an identifier."""
        for one in self._candidates(record):
            record = re.sub(rb'"' + re.escape(one) + rb'"(?!\s*:)', b"null", record)
        return record

    def replaced(self, block: bytes, by: bytes) -> bytes:
        """Return the bytes with every identifier replaced; what surrounds it stays."""
        patterns = [self._compiled] if any(one in block for one in self._terms) else []
        patterns += [_id_pattern(one) for one in self._candidates(block)]
        for found in patterns:
            block = found.sub(lambda match: self._without(match.group(), by), block)
        return block

    def _without(self, text: bytes, by: bytes) -> bytes:
        for one in (*self._terms, *self._candidates(text)):
            text = text.replace(one, by)
        return text


@dataclass(frozen=True, kw_only=True)
class Subject:
    """One person by every identifier the store may hold."""

    terms: tuple[str, ...]
    """The hash, and the plain ids where they are known."""
    sessions: tuple[str, ...] = ()
    traces: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    """Sessions and traces that other people are in too: their records stay, without the id."""

    @cached_property
    def own(self) -> Finder:
        """What only this person's records hold: terms, own sessions and traces."""
        shared = set(self.shared)
        return Finder(self.terms, [one for one in self._ids if one not in shared])

    @cached_property
    def named(self) -> Finder:
        """The terms alone: what may stand inside a text of a column."""
        return Finder(self.terms)

    @cached_property
    def all(self) -> Finder:
        """Every identifier."""
        return Finder(self.terms, self._ids)

    @property
    def _ids(self) -> tuple[str, ...]:
        return (*self.sessions, *self.traces)


def _written(term: str) -> Sequence[str]:
    """Return an identifier as it is, and as JSON writes it."""
    return tuple(dict.fromkeys((term, json.dumps(term)[1:-1])))


def _tells(token: bytes) -> tuple[bool, int]:
    """Rank a run of letters and digits by how well it tells ids apart: a number, then length."""
    return any(one in b"0123456789" for one in token), len(token)


@cache
def _id_pattern(text: bytes) -> re.Pattern[bytes]:
    found = re.escape(text)
    if len(text) < SHORTEST_WORD:
        return re.compile(b'"' + found + b'"')
    return re.compile(b"(?:^|[^0-9A-Za-z])" + found + b"(?:[^0-9A-Za-z]|$)")


def _as_word(text: str) -> str:
    found = re.escape(text)
    return found if len(text) >= LONG else f"(?:^|[^0-9A-Za-z]){found}(?:[^0-9A-Za-z]|$)"
