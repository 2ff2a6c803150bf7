"""Where sources disagree about a price, and which agreed prices nothing in the logs uses."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from workbench.pricing.book import ActivePrices, PriceBook, RateKey
from workbench.pricing.rows import naive_utc
from workbench.schema import WITNESS


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedPrice:
    """What one source says."""

    label: str
    pico: int
    confidence: str
    is_witness: bool = False
    """True where the source is only compared and never prices."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """One price on which sources differ, the layer that wins first."""

    provider: str
    model: str
    meter: str
    conditions: str
    stated: tuple[StatedPrice, ...]


def disagreements(
    book: PriceBook, *, at: datetime, known_at: datetime | None = None, model: str | None = None
) -> list[Disagreement]:
    """List the prices that hold at an instant and that two sources state differently.

    Parameters
    ----------
    book
        All imports.
    at
        Instant the prices hold at; naive is UTC.
    known_at
        State of knowledge; None is everything known.
    model
        Only prices of this model, named as the logs or the book name it.

    Returns
    -------
    list of Disagreement
        Ordered by provider, model and meter. Rows in doubt are listed with their word.
    """
    active = book.at(known_at)
    instant = naive_utc(at)
    second = instant.hour * 3600 + instant.minute * 60 + instant.second
    found: dict[tuple[str, ...], list[StatedPrice]] = defaultdict(list)
    for one, rows in active.by_layer:
        for row in rows:
            holds = row.starts <= instant < row.ends and row.second_from <= second < row.second_to
            if row.pico is None or not holds:
                continue
            named = active.canonical(row.provider, row.model)
            if model is not None and model.lower() not in (named[1].lower(), row.model.lower()):
                continue
            key = (*named, row.meter, row.variant, row.region, str(row.context_over))
            stated = StatedPrice(
                label=one.label, pico=row.pico, confidence=row.confidence,
                is_witness=one.layer == WITNESS,
            )  # fmt: skip
            found[key].append(stated)
    _answer_witnesses(found, active)
    return [
        Disagreement(
            provider=provider,
            model=named,
            meter=meter,
            conditions=_words(variant, region, int(over)),
            stated=tuple(stated),
        )
        for (provider, named, meter, variant, region, over), stated in sorted(found.items())
        if len({one.pico for one in stated}) > 1
    ]


def _answer_witnesses(
    found: dict[tuple[str, ...], list[StatedPrice]], active: ActivePrices
) -> None:
    """Put beside a witness that stands alone what the book takes there.

    A price of one region meets the price of all; one of a provider without a list of its own
    for the model (a cloud selling it at its maker's price) meets that of the maker.
    """
    for key in [key for key, stated in found.items() if all(one.is_witness for one in stated)]:
        provider, model, meter, variant, region, over = key
        known = active.names.resolve(provider, model)
        owner = known.owner if known else provider
        for place in dict.fromkeys(
            [(provider, region), (provider, ""), (owner, region), (owner, "")]
        ):
            other = found.get((place[0], model, meter, variant, place[1], over), [])
            if book := [one for one in other if not one.is_witness]:
                found[key] = [*book, *found[key]]
                break


def _words(variant: str, region: str, context_over: int) -> str:
    parts = [variant, region and f"region={region}"]
    if context_over >= 0:
        parts.append(f"context over {context_over}")
    return "; ".join(part for part in parts if part)


def unused_contracts(
    book: PriceBook, keys: Iterable[RateKey], known_at: datetime | None = None
) -> list[tuple[str, str, str]]:
    """List the (label, provider, model) of contract rows that apply to no logged model.

    A misspelt model in a sheet would otherwise be priced at list without a word. A name is
    also listed when several names of one sheet mean the logged model and none is its own:
    the book doesn't guess between them.
    """
    active = book.at(known_at)
    logged = {(key.provider, key.model) for key in keys}
    used = {
        (bought.label, row.provider, row.model)
        for provider, model in logged
        for _, bought, rows, _ in active.rows_for(provider, model)
        for row in rows
    }
    stated = {
        (one.label, row.provider, row.model)
        for one, rows in active.active
        if one.layer == "contract"
        for row in rows
    }
    return sorted(stated - used)
