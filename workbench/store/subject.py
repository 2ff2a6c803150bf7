"""One person, by every identifier the store may hold, and how such an identifier is recognised.

A long identifier, such as a hash, is found anywhere. A short one counts only as a whole word:
`user-3` does not stand in `user-31`. A very short session or trace counts only in quotes.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

LONG = 16
"""From this length on an identifier is looked for anywhere, not only as a word."""
SHORTEST_WORD = 6
"""Sessions and traces below this length are told from numbers only where they stand in quotes."""


def user_hash(user_key: bytes, user_id: str) -> str:
    """Return the keyed hash ingest makes of a user's id: HMAC-SHA-256, 32 hexadecimal digits."""
    return hmac.new(user_key, user_id.encode(), hashlib.sha256).hexdigest()[:32]


class Finder:
    """Finds identifiers in bytes, and as an SQL pattern in columns."""

    def __init__(self, terms: Iterable[str], ids: Iterable[str] = ()) -> None:
        words = [text for term in terms for text in _written(term)]
        values = [text for one in ids for text in _written(one)]
        self.literals = tuple(dict.fromkeys(text.encode() for text in (*words, *values)))
        found = [_as_word(text) for text in words]
        found += [
            _as_word(text) if len(text) >= SHORTEST_WORD else f'"{re.escape(text)}"'
            for text in values
        ]
        self.pattern = "|".join(dict.fromkeys(found))
        """For RE2 and Python alike; empty where there is nothing to find."""

    @cached_property
    def _compiled(self) -> re.Pattern[bytes]:
        return re.compile(self.pattern.encode())

    @property
    def longest(self) -> int:
        """Bytes of the longest identifier."""
        return max((len(one) for one in self.literals), default=0)

    def is_in(self, block: bytes) -> bool:
        """Return whether an identifier stands in the bytes."""
        return any(one in block for one in self.literals) and bool(self._compiled.search(block))

    def replaced(self, block: bytes, by: bytes) -> bytes:
        """Return the bytes with every identifier replaced; what surrounds it stays."""

        def without(match: re.Match[bytes]) -> bytes:
            text = match.group()
            for one in self.literals:
                text = text.replace(one, by)
            return text

        return self._compiled.sub(without, block) if self.is_in(block) else block


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
    def all(self) -> Finder:
        """Every identifier."""
        return Finder(self.terms, self._ids)

    @property
    def _ids(self) -> tuple[str, ...]:
        return (*self.sessions, *self.traces)


def _written(term: str) -> Sequence[str]:
    """Return an identifier as it is, and as JSON writes it."""
    return tuple(dict.fromkeys((term, json.dumps(term)[1:-1])))


def _as_word(text: str) -> str:
    found = re.escape(text)
    return found if len(text) >= LONG else f"(?:^|[^0-9A-Za-z]){found}(?:[^0-9A-Za-z]|$)"
