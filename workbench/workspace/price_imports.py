"""The price imports of a workspace: immutable files that together are its price book."""

from collections.abc import Sequence

from workbench.errors import InputError, StoreError, shown
from workbench.pricing.book import PriceBook, PriceImport, RateKey, compile_rates
from workbench.pricing.shipped import shipped_fingerprint, shipped_imports
from workbench.schema import LAYERS, WITNESS
from workbench.store import files, price_tables
from workbench.store.catalog import Catalog
from workbench.store.closes import ClosedMonth
from workbench.store.layout import Layout
from workbench.workspace import settings


def keep(layout: Layout, one: PriceImport) -> None:
    """Write an import to its immutable file, whole or not at all; one already kept stays."""
    folder = layout.witnesses if one.layer == WITNESS else layout.imports
    path = folder / f"{one.import_id}.parquet"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        staged = layout.staging / path.name
        one.save(staged)
        files.move(staged, path)


def keep_shipped(catalog: Catalog) -> None:
    """Import the shipped price book, where it is not the one imported last."""
    fingerprint = shipped_fingerprint()
    if catalog.meta("shipped") != fingerprint:
        for one in shipped_imports():
            keep(catalog.layout, one)
        catalog.set_meta("shipped", fingerprint)


def key_of(layout: Layout, layers: Sequence[str]) -> str:
    """Return what changes when open months are priced anew: the imports and the layers in use."""
    bought = ",".join([*layers, *sorted(path.stem for path in layout.imports.glob("*.parquet"))])
    own = ",".join(sorted(path.stem for path in layout.own_prices.glob("*.parquet")))
    return f"{bought}|{own}" if own else bought


def witnesses_key(layout: Layout) -> str:
    """Return what changes when a witness is imported; nothing is priced anew for it."""
    return ",".join(sorted(path.stem for path in layout.witnesses.glob("*.parquet")))


def with_witnesses(layout: Layout, book: PriceBook) -> PriceBook:
    """Return a book together with what other sources publish, to list and to compare."""
    paths = sorted(layout.witnesses.glob("*.parquet"))
    return PriceBook([*book.imports, *map(PriceImport.load, paths)]) if paths else book


def same_but_own(key: str, other: str | None) -> bool:
    """Say whether two keys differ in the prices of own capacity at most."""
    return other is not None and key.split("|")[0] == other.split("|")[0]


def in_force(layout: Layout) -> list[str]:
    """Return the names of all imports, prices of own capacity among them, as a close keeps them."""
    return sorted(
        path.stem
        for folder in (layout.imports, layout.own_prices)
        for path in folder.glob("*.parquet")
    )


def layers_of(layout: Layout) -> list[str]:
    """Return the price layers that the settings of a workspace use.

    Raises
    ------
    InputError
        If the settings name a layer there is not.
    """
    layers = settings.read(layout).get("prices", {}).get("layers", list(LAYERS))
    unknown = [layer for layer in layers if layer not in LAYERS]
    if unknown:
        raise InputError(
            f"{layout.config}: unknown price layer {shown(unknown)}. "
            f"There are: {', '.join(LAYERS)}."
        )
    return layers


def book_of(
    layout: Layout, layers: Sequence[str], *, imports: Sequence[str] | None = None
) -> PriceBook:
    """Return the book of all imports of some layers, or of the named imports only.

    Raises
    ------
    StoreError
        If a named import is not in the store.
    """
    current = (layout.imports, layout.own_prices)
    folders = current if imports is None else (*current, layout.closed_own_prices)
    paths = {path.stem: path for folder in folders for path in sorted(folder.glob("*.parquet"))}
    chosen = list(paths) if imports is None else list(imports)
    missing = [name for name in chosen if name not in paths]
    if missing:
        raise StoreError(
            f"{layout.imports}: a closed month was priced with {shown(missing)}, which is not there. "
            "Restore the files: closed figures are made again from them."
        )
    found = [PriceImport.load(paths[name]) for name in chosen]
    return PriceBook([one for one in found if one.layer in layers])


def compile_books(
    catalog: Catalog, current: PriceBook, closed: Sequence[ClosedMonth], layers: Sequence[str]
) -> None:
    """Compile today's prices of all that is in use, and those that months were closed with.

    Months closed with the same imports and layers share one book. In a transaction.
    """
    keys = [RateKey(*one) for one in catalog.tuples()]
    tables = [compile_rates(current, keys, None)]
    numbers: dict[tuple[tuple[str, ...], tuple[str, ...]], int] = {}
    for one in closed:
        held = one.price_imports, one.price_layers or tuple(layers)
        if held not in numbers:
            book = book_of(catalog.layout, held[1], imports=held[0])
            tables.append(compile_rates(book, keys, None))
            numbers[held] = len(tables) - 1
    price_tables.replace_closed(
        catalog,
        closed,
        [numbers[one.price_imports, one.price_layers or tuple(layers)] for one in closed],
    )
    price_tables.replace_rates(catalog, tables)


def is_latest(one: PriceImport, held: tuple[PriceImport, ...] | list[PriceImport]) -> bool:
    """Say whether the newest import of the same source already says the same."""
    same = [other for other in held if (other.layer, other.source) == (one.layer, one.source)]
    return bool(same) and max(same, key=lambda other: other.known_from).rows == one.rows
