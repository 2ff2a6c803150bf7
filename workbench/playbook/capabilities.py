"""What each target can do: stated by the workspace, shipped with a source, or read off the book.

The first that knows wins: `capabilities.yaml` of the workspace and the regions its dossiers
state; then data/reference/model_capabilities.csv; then what the price book prices, marked
derived. What none of them knows stays unknown.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from workbench.errors import InputError
from workbench.models.provider_exit.capabilities import Capabilities, Fact
from workbench.playbook.dossier import Dossier
from workbench.playbook.dossier_files import explained
from workbench.pricing.book import PriceBook
from workbench.reference import read_table
from workbench.yaml_files import read_yaml

FILE = "capabilities.yaml"
FEATURES = ("tools", "caching", "structured_output", "reasoning")
MEDIA_IN = {"images in": "image", "audio in": "audio", "video in": "video"}
MEDIA_OUT = {"text out": "text", "images out": "image", "audio out": "audio", "video out": "video"}
PRICED_BY: Mapping[str, tuple[str, ...]] = {
    "text out": ("output_tokens",),
    "images out": ("images", "output_image_tokens"),
    "audio out": ("output_audio_tokens", "output_audio_seconds"),
    "video out": ("output_video_tokens", "video_seconds"),
    "images in": ("input_image_tokens", "pixels"),
    "audio in": ("input_audio_tokens", "input_audio_seconds", "audio_seconds"),
    "video in": ("input_video_tokens",),
    "pages": ("pages",),
    "caching": ("cache_read_tokens",),
}
"""Meters that prove a capability by having a price of their own."""
NO_PRICE_IS_NO = ("text out", "images out", "audio out", "video out", "pages")
"""What is made is billed: where nothing prices it, the target does not sell it."""


class Stated(BaseModel):
    """One model as the workspace describes it: `capabilities.yaml`, a list of these."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    provider: str
    model: str
    context_tokens: Annotated[int, Field(gt=0)] | None = None
    takes: list[str] | None = Field(None, description="all that goes in: text, image, audio, video")
    makes: list[str] | None = Field(None, description="all that comes out")
    tools: bool | None = None
    caching: bool | None = None
    cache_from_tokens: Annotated[int, Field(ge=0)] | None = None
    batch: bool | None = None
    structured_output: bool | None = None
    reasoning: bool | None = None
    regions: list[str] | None = None
    source: str = Field(min_length=1, description="contract, data sheet, own test")
    date: date


def read_stated(root: Path) -> tuple[Stated, ...]:
    """Return the models `capabilities.yaml` describes; none where there is no such file.

    Raises
    ------
    InputError
        If the file is no list of models, or an entry has an unknown or missing key.
    """
    path = root / FILE
    if not path.is_file():
        return ()
    entries = read_yaml(path) or []
    if not isinstance(entries, list):
        raise InputError(f"{path}: write a list, one entry a model.")
    found = []
    for number, entry in enumerate(entries, start=1):
        try:
            found.append(Stated.model_validate(entry))
        except ValidationError as error:
            raise InputError(
                explained(error, model=Stated, name=f"{path.name} entry {number}")
            ) from error
    return tuple(found)


def capabilities_of(
    book: PriceBook, target: tuple[str, str], *, stated: Sequence[Stated] = (),
    dossiers: Iterable[Dossier] = (),
) -> Capabilities:  # fmt: skip
    """Return what is known of one (provider, model), the workspace's own word first."""
    active = book.at(None)
    names = active.canonical(*target)
    own = next((s for s in stated if active.canonical(s.provider, s.model) == names), None)
    priced = [
        (bought.label, row) for _, bought, rows, _ in active.rows_for(*target) for row in rows
    ]
    facts = _derived({row.meter for _, row in priced}, [row.variant for _, row in priced])
    row = _shipped().get(names) or _shipped().get(active.named(*target))  # type: ignore[arg-type]
    sizes: tuple[int | None, int | None] = (None, None)
    context, region = Fact(answer="unknown"), Fact(answer="unknown")
    regions, cache_from = _placed(dossiers, names, book), None
    if regions is not None:
        region = Fact(answer="yes", source="dossiers", confidence="stated")
    if row is not None:
        # What nothing prices is not sold, whatever a list of models says it could do.
        facts |= {
            name: fact
            for name, fact in _shipped_facts(row).items()
            if name not in facts or facts[name].answer == "yes"
        }
        sizes = _whole(row["context_tokens"]), _whole(row["input_tokens_at_most"])
        context = _fact("yes", row) if any(sizes) else context
        cache_from = _whole(row["cache_from_tokens"])
        if regions is None and row["regions"]:
            regions, region = frozenset(row["regions"].split(";")), _fact("yes", row)
    if own is not None:
        facts |= _stated_facts(own)
        word = Fact(answer="yes", source=own.source, confidence="stated")
        if own.context_tokens:
            sizes, context = (own.context_tokens, None), word
        if own.regions is not None:
            regions, region = frozenset(one.lower() for one in own.regions), word
        cache_from = cache_from if own.cache_from_tokens is None else own.cache_from_tokens
    return Capabilities(
        context_tokens=sizes[0], input_tokens_at_most=sizes[1], context=context, facts=facts,
        regions=regions, region=region, cache_from_tokens=cache_from,
    )  # fmt: skip


@cache
def _shipped() -> Mapping[tuple[str, str], Mapping[str, str]]:
    return {(row["provider"], row["model"]): row for row in read_table("model_capabilities")}


def _derived(meters: set[str], variants: Iterable[str]) -> dict[str, Fact]:
    """Return what the prices themselves prove, and what nothing sells."""
    found: dict[str, Fact] = {}
    for name, proof in PRICED_BY.items():
        if meters.intersection(proof):
            found[name] = Fact(answer="yes", source="price book", confidence="derived")
        elif name in NO_PRICE_IS_NO and meters:
            found[name] = Fact(answer="no", source="no price in the book", confidence="derived")
    if any("processing=batch" in variant for variant in variants):
        found["batch"] = Fact(answer="yes", source="price book", confidence="derived")
    return found


def _shipped_facts(row: Mapping[str, str]) -> dict[str, Fact]:
    found = {name.replace("_", " "): _fact(row[name], row) for name in FEATURES if row[name]}
    takes = row["takes"].split(";") if row["takes"] else []
    for name, medium in MEDIA_IN.items():
        if medium in takes:
            found[name] = _fact("yes", row)
        elif "only" in takes:
            found[name] = _fact("no", row)
    makes = row["makes"].split(";") if row["makes"] else []
    found |= {name: _fact("yes", row) for name, medium in MEDIA_OUT.items() if medium in makes}
    return found


def _fact(answer: str, row: Mapping[str, str]) -> Fact:
    word: object = answer if answer in ("yes", "no") else "unknown"
    return Fact(answer=word, source=row["source"], confidence=row["confidence"])  # type: ignore[arg-type]


def _stated_facts(own: Stated) -> dict[str, Fact]:
    def said(answer: bool) -> Fact:
        return Fact(answer="yes" if answer else "no", source=own.source, confidence="stated")

    flags = {"tools", "caching", "batch", "structured_output", "reasoning"}
    found = {
        name.replace("_", " "): said(value)
        for name in sorted(flags)
        if (value := getattr(own, name)) is not None
    }
    for media, listed in ((MEDIA_IN, own.takes), (MEDIA_OUT, own.makes)):
        if listed is not None:
            found |= {name: said(medium in listed) for name, medium in media.items()}
    return found


def _placed(
    dossiers: Iterable[Dossier], names: tuple[str, str], book: PriceBook
) -> frozenset[str] | None:
    """Return the regions the dossiers state for a model, as backup or in use."""
    active = book.at(None)
    regions = {
        region.lower()
        for dossier in dossiers
        for one in dossier.dependencies
        if one.provider and one.model and active.canonical(one.provider, one.model) == names
        for region in [*([one.region] if one.region else []), *one.regions]
    }
    return frozenset(regions) or None


def _whole(text: str) -> int | None:
    return int(text) if text else None
