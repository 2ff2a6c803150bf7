"""What the price book of a workspace says against itself, and how it is brought up to date."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from workbench.pricing.book import PriceImport, RateKey
from workbench.pricing.diff import disagreements, unused_contracts
from workbench.pricing.genai import compile_installed
from workbench.pricing.published import Published, assemble, read_published
from workbench.pricing.rows import naive_utc
from workbench.units import PICO_PER_USD
from workbench.workspace import Workspace

UNPRICED = (
    "SELECT provider, model, price_status, unpriced_meters, count(*) AS requests, "
    "min(started_at) AS first, max(started_at) AS last FROM priced_usage "
    "WHERE price_status IN ('unpriced', 'partial', 'assumed', 'bounded') "
    "GROUP BY provider, model, price_status, unpriced_meters ORDER BY requests DESC"
)
"""Usage whose price is missing, or taken from another tier or lifetime, largest first."""


def used_keys(workspace: Workspace) -> list[RateKey]:
    """Return every (provider, model, tier, variant, region) the logs hold."""
    with workspace.reader(locked=False) as catalog:
        return [RateKey(*one) for one in catalog.tuples()]


def differences(
    workspace: Workspace, *, at: datetime, model: str | None, everything: bool
) -> list[dict[str, Any]]:
    """List the prices two sources state differently, of the models in use or of the whole book.

    Returns
    -------
    list of dict
        provider, model, meter, conditions, and per source its price in USD a million units,
        the winning source first. Ordered by provider, model, meter.
    """
    book = workspace.price_sources()
    active = book.at(None)
    used = {active.canonical(key.provider, key.model) for key in used_keys(workspace)}
    return [
        {
            "provider": one.provider,
            "model": one.model,
            "meter": one.meter,
            "conditions": one.conditions,
            "usd_per_million": {
                stated.label: stated.pico * 1_000_000 / PICO_PER_USD for stated in one.stated
            },
        }
        for one in disagreements(book, at=at, model=model)
        if everything or model or (one.provider, one.model) in used
    ]


def without_usage(workspace: Workspace) -> list[Mapping[str, str]]:
    """List contract prices that apply to no logged model: often a misspelt name."""
    return [
        {"sheet": label, "provider": provider, "model": model}
        for label, provider, model in unused_contracts(workspace.book(), used_keys(workspace))
    ]


def import_published(
    workspace: Workspace, paths: Sequence[Path], *, now: datetime, layer: str
) -> list[tuple[Published, list[PriceImport]]]:
    """Import list prices that other sources publish; each source with what of it is new.

    Parameters
    ----------
    paths
        JSON files; those of one source are read as the pages of one list.
    layer
        `witness`: kept and compared, pricing nothing. `overlay`: what neither the default book
        nor another overlay prices is filled from them, the rest stays a witness.

    Raises
    ------
    PriceError
        If one is no JSON of a known source, or the book would contradict itself; then nothing
        is imported.
    """
    read = [read_published(path) for path in paths]
    active = workspace.book().at(None)
    found = assemble(read, active=active, known_from=naive_utc(now), layer=layer)
    kept = workspace.add_prices([part for one in found for part in one.imports])
    new = {one.import_id for one in kept}
    return [(one, [part for part in one.imports if part.import_id in new]) for one in found]


def refresh(workspace: Workspace, *, now: datetime) -> PriceImport | None:
    """Take the default layer from the installed genai-prices; None where it is the same.

    Usage is priced again from the new book, closed months as they were known. Nothing is
    fetched: bring a newer book by installing a newer package.

    Raises
    ------
    PriceError
        If the package is absent, or prices a unit that no meter counts.
    """
    return next(iter(workspace.add_prices([compile_installed(retrieved_on=now.date())])), None)
