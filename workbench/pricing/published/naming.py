"""Which model of the price book a published price is of, without a guess."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from workbench.pricing.published.rate import Rate
from workbench.pricing.resolve import ModelNames

_SCOPE = re.compile(r"^(global|regional)\.")
_VENDOR = re.compile(r"^[a-z]+\.(?=[a-z])")
_EDITION = re.compile(r"(-v\d+)?(:\d+)?$")
_DAY = re.compile(r"-20\d{6}$")
_MONTH_DAY = re.compile(r"^(.*\D)?(\d{4})$")


class Naming:
    """Names of one book: its clauses for ids, and letters alone for names written for people."""

    def __init__(self, books: Iterable[Mapping[str, Any]]) -> None:
        kept = [one for one in books if one]
        self._names = ModelNames(kept)
        self._by_letters: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        self._fallbacks: dict[str, list[str]] = {}
        for book in kept:
            for provider in book["providers"]:
                self._fallbacks.setdefault(provider["id"], list(provider.get("fallbacks", ())))
                for model in provider["models"]:
                    for name in (model["id"], *_equal_names(model["match"])):
                        self._by_letters[provider["id"]][_letters(name)].add(model["id"])

    def provider(self, name: str) -> str | None:
        """Return the book's id of a provider, or None."""
        return self._names.provider(name)

    def model(self, rate: Rate) -> tuple[str, str] | None:
        """Return (provider, model) as the book has them, or None where it has none, or several."""
        provider = self.provider(rate.provider)
        if provider is None:
            return None
        if not rate.is_display_name:
            known = self._names.resolve(provider, rate.model)
            return (known.provider, known.model) if known else None
        for owner in (provider, *self._fallbacks.get(provider, ())):
            found = self._of_letters(owner, rate)
            if found:
                return (provider, found.pop()) if len(found) == 1 else None
        return None

    def _of_letters(self, owner: str, rate: Rate) -> set[str]:
        index, wanted = self._by_letters[owner], re.sub(r"[^a-z0-9]", "", rate.model.lower())
        found = set(index.get(wanted, ()))
        if not found and (dated := _MONTH_DAY.match(wanted)):
            # `gpt 4o 0513` is the model of 13 May of a year the name leaves out.
            day = re.compile(f"{re.escape(dated[1] or '')}20\\d\\d{dated[2]}")
            found = {one for name, ids in index.items() if day.fullmatch(name) for one in ids}
        scoped = {one for one in found if one.startswith(f"{rate.scope}.")}
        return scoped or {one for one in found if not (rate.scope and _SCOPE.match(one))}


def _equal_names(clause: Mapping[str, Any]) -> list[str]:
    if "equals" in clause:
        return [clause["equals"]]
    return [part["equals"] for part in clause.get("or", ()) if "equals" in part]


def _letters(name: str) -> str:
    """Return the letters and digits of a model's id without scope, vendor, edition and day."""
    bare = _EDITION.sub("", _VENDOR.sub("", _SCOPE.sub("", name.lower())))
    return re.sub(r"[^a-z0-9]", "", _DAY.sub("", bare).removesuffix("-instruct"))
