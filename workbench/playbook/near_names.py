"""Which target was meant, where a name is in no price book."""

from difflib import get_close_matches

from workbench.pricing.book import PriceBook

MOST = 3
CUTOFF = 0.6


def near_targets(book: PriceBook, named: tuple[str, str]) -> list[str]:
    """Return targets of the book whose names are close to one that is not in it.

    The provider as written first, if the book has it; else the same model elsewhere.
    """
    active = book.at(None)
    sold: dict[str, set[str]] = {}
    for _, rows in active.active:
        for row in (one for one in rows if one.prices):
            sold.setdefault(row.provider.lower(), set()).add(row.model)
    provider = (active.names.provider(named[0]) or named[0]).lower()
    model = named[1].lower()
    near_provider = get_close_matches(provider, sorted(sold), n=1, cutoff=CUTOFF)
    for one in [provider, *near_provider]:
        if found := get_close_matches(model, sorted(sold.get(one, ())), n=MOST, cutoff=CUTOFF):
            return [f"{one}/{name}" for name in found]
    return [
        f"{one}/{name}"
        for one in sorted(sold)
        for name in sorted(sold[one])
        if name.lower() == model
    ][:MOST]
