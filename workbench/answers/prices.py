"""What the price book of a workspace says against itself, and how it is brought up to date."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from workbench.pricing.book import PriceImport, RateKey
from workbench.pricing.diff import disagreements, unused_contracts
from workbench.pricing.genai import compile_installed
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
    book = workspace.book()
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
