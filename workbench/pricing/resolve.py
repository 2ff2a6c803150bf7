"""Which model of the default book a logged (provider, model) means.

The clauses are data of the book (equals, contains, starts_with, ends_with, regex, and, or);
the first model in list order that matches wins, then the fallback providers one step deep,
then the same again with a compact date (-20251211) written out.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from workbench.errors import PriceError

LONGEST_NAME = 512
LONGEST_PATTERN = 200
MOST_UNBOUNDED = 2
_REPEATED_GROUP = re.compile(r"\)(?:[*+]|\{)")
_BACKREFERENCE = re.compile(r"\\[1-9]|\(\?P=")
_UNBOUNDED = re.compile(r"(?<!\\)[*+]|\{\d*,\}")
_COMPACT_DATE = re.compile(r"(-)(20\d{2})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?=-|:|$)")

Clause = Mapping[str, Any]
Matcher = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class CanonicalModel:
    """A model of the default book, and whose price list it was found in."""

    provider: str
    """Who served the request."""
    owner: str
    """Whose price list holds the model; differs from `provider` when a fallback found it."""
    model: str
    same_as_standard: tuple[str, ...] = ()
    """Variants the book knows and prices like the standard."""

    @property
    def is_fallback(self) -> bool:
        """True when another provider's list prices it: its variants don't apply then."""
        return self.provider != self.owner


def matcher(clause: Clause) -> Matcher:
    """Turn one clause of the book into a test of a lower-case name.

    Raises
    ------
    PriceError
        If the clause is of no known kind, or its pattern could run for very long.
    """
    [(kind, value)] = clause.items()
    if kind in ("and", "or"):
        parts = [matcher(part) for part in value]
        every = all if kind == "and" else any
        return lambda name: every(part(name) for part in parts)
    if kind == "regex":
        return _safe_search(value)
    wanted = value.lower()
    if kind == "equals":
        return lambda name: name == wanted
    if kind == "contains":
        return lambda name: wanted in name
    if kind == "starts_with":
        return lambda name: name.startswith(wanted)
    if kind == "ends_with":
        return lambda name: name.endswith(wanted)
    raise PriceError(f"Unknown match clause {kind!r} in the price book. Refresh the book again.")


def _safe_search(pattern: str) -> Matcher:
    """Compile a pattern that can't backtrack for long on a name of bounded length."""
    reason = ""
    if len(pattern) > LONGEST_PATTERN:
        reason = f"longer than {LONGEST_PATTERN} characters"
    elif _REPEATED_GROUP.search(pattern) or _BACKREFERENCE.search(pattern):
        reason = "repeats a group or refers back"
    elif len(_UNBOUNDED.findall(pattern)) > MOST_UNBOUNDED:
        reason = f"has more than {MOST_UNBOUNDED} unbounded repetitions"
    try:
        search = re.compile(pattern).search
    except re.error as error:
        raise PriceError(f"Pattern {pattern!r} of the price book is no regex: {error}.") from error
    if reason:
        raise PriceError(f"Pattern {pattern!r} of the price book is refused: it {reason}.")
    return lambda name: len(name) <= LONGEST_NAME and search(name) is not None


class _Provider:
    """One provider's models: names compared whole are looked up, the rest tried in order."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.id: str = data["id"]
        self.fallbacks: tuple[str, ...] = tuple(data.get("fallbacks", ()))
        self.matches = matcher(data["provider_match"]) if data.get("provider_match") else None
        self.matches_model = matcher(data["model_match"]) if data.get("model_match") else None
        self.models: list[Mapping[str, Any]] = list(data["models"])
        self._whole: dict[str, int] = {}
        self._others: list[tuple[int, Matcher]] = []
        for number, model in enumerate(self.models):
            whole = _whole_names(model["match"])
            if whole is None:
                self._others.append((number, matcher(model["match"])))
            for name in whole or ():
                self._whole.setdefault(name, number)

    def find(self, name: str) -> Mapping[str, Any] | None:
        best = self._whole.get(name, len(self.models))
        for number, matches in self._others:
            if number > best:
                break
            if matches(name):
                best = number
                break
        return self.models[best] if best < len(self.models) else None


def _whole_names(clause: Clause) -> tuple[str, ...] | None:
    """Return the names of a clause that only compares whole names, else None."""
    if "equals" in clause:
        return (clause["equals"].lower(),)
    if "or" in clause and all("equals" in part for part in clause["or"]):
        return tuple(part["equals"].lower() for part in clause["or"])
    return None


class ModelNames:
    """Resolves logged names against the clauses of the books given, the first book first."""

    def __init__(self, books: Iterable[Mapping[str, Any]]) -> None:
        self._books = [
            {data["id"]: _Provider(data) for data in book["providers"]} for book in books if book
        ]
        self._known: dict[tuple[str, str], CanonicalModel | None] = {}
        self._providers: dict[str, str | None] = {}

    def provider(self, name: str) -> str | None:
        """Return the book's id of a provider as the logs name it, or None."""
        if name not in self._providers:
            found = (_find_provider(book, name) for book in self._books)
            self._providers[name] = next((one.id for one in found if one is not None), None)
        return self._providers[name]

    def resolve(self, provider: str, model: str) -> CanonicalModel | None:
        """Return the model of the book that a logged name means, or None when there is none."""
        key = (provider, model)
        if key not in self._known:
            found = (_find_model(book, provider, model.lower()) for book in self._books)
            self._known[key] = next((one for one in found if one is not None), None)
        return self._known[key]


def _find_provider(book: Mapping[str, _Provider], name: str) -> _Provider | None:
    wanted = name.lower().strip()
    if wanted in book:
        return book[wanted]
    return next((p for p in book.values() if p.matches and p.matches(wanted)), None)


def _find_model(book: Mapping[str, _Provider], provider: str, name: str) -> CanonicalModel | None:
    served_by = _find_provider(book, provider)
    if provider.lower().strip() == "litellm":
        # The gateway names the provider in front of the model, or not at all.
        head, slash, rest = name.partition("/")
        if slash and (named := _find_provider(book, head)):
            served_by, name = named, rest
        elif served_by is None:
            served_by = next(
                (p for p in book.values() if p.matches_model and p.matches_model(name)), None
            )
    if served_by is None:
        return None
    for spelling in dict.fromkeys((name, written_out_date(name))):
        for owner_id in (served_by.id, *served_by.fallbacks):
            owner = book.get(owner_id)
            if owner and (model := owner.find(spelling)):
                same = tuple(model.get("same_as_standard", ()))
                return CanonicalModel(served_by.id, owner.id, model["id"], same)
    return None


def written_out_date(name: str) -> str:
    """Rewrite a compact date in a model name, as gateways write it, to the dashed form.

    Examples
    --------
    >>> written_out_date("gpt-5.2-20251211")
    'gpt-5.2-2025-12-11'
    """

    def dashed(found: re.Match[str]) -> str:
        year, month, day = (int(found.group(number)) for number in (2, 3, 4))
        try:
            date(year, month, day)
        except ValueError:
            return found.group(0)
        return f"-{year:04d}-{month:02d}-{day:02d}"

    return _COMPACT_DATE.sub(dashed, name)
