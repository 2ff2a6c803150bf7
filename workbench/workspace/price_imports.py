"""The price imports of a workspace: immutable files that together are its price book."""

from collections.abc import Mapping
from typing import Any

from workbench.errors import InputError, shown
from workbench.pricing.book import PriceBook, PriceImport
from workbench.pricing.shipped import shipped_fingerprint, shipped_imports
from workbench.schema import LAYERS
from workbench.store import files
from workbench.store.catalog import Catalog
from workbench.store.layout import Layout


def keep(layout: Layout, one: PriceImport) -> None:
    """Write an import to its immutable file, whole or not at all; one already kept stays."""
    path = layout.imports / f"{one.import_id}.parquet"
    if not path.exists():
        layout.imports.mkdir(parents=True, exist_ok=True)
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


def key_of(layout: Layout) -> str:
    """Return what tells one set of imports from another."""
    return ",".join(sorted(path.stem for path in layout.imports.glob("*.parquet")))


def book_of(layout: Layout, settings: Mapping[str, Any]) -> PriceBook:
    """Return the book of every import whose layer the settings use.

    Raises
    ------
    InputError
        If the settings name a layer there is not.
    """
    layers = settings.get("prices", {}).get("layers", list(LAYERS))
    unknown = [layer for layer in layers if layer not in LAYERS]
    if unknown:
        raise InputError(
            f"{layout.config}: unknown price layer {shown(unknown)}. "
            f"There are: {', '.join(LAYERS)}."
        )
    found = [PriceImport.load(path) for path in sorted(layout.imports.glob("*.parquet"))]
    return PriceBook([one for one in found if one.layer in layers])


def is_latest(one: PriceImport, held: tuple[PriceImport, ...] | list[PriceImport]) -> bool:
    """Say whether the newest import of the same source already says the same."""
    same = [other for other in held if (other.layer, other.source) == (one.layer, one.source)]
    return bool(same) and max(same, key=lambda other: other.known_from).rows == one.rows
