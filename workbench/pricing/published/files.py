"""Which published price file a JSON file is, by its shape; its numbers read as decimals."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from workbench.errors import PriceError
from workbench.pricing.published import aws, azure, gcp, litellm, openrouter
from workbench.pricing.published.rate import Rate, Skipped, mapping

READERS = (litellm, openrouter, azure, aws, gcp)
KNOWN = (
    "LiteLLM's model map, OpenRouter's /api/v1/models, Azure Retail Prices, an AWS Price List "
    "and Google Cloud SKUs"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedFile:
    """What one file states, in its own words."""

    name: str
    source: str
    version: str
    """As the file states it; empty where it states none."""
    sha256: str
    stated: tuple[Rate | Skipped, ...]
    notes: tuple[str, ...] = ()


def is_published(path: Path) -> bool:
    """Say whether a file is JSON rather than a sheet: by its name, else by how it begins."""
    if path.suffix.lower() == ".json":
        return True
    try:
        with path.open("rb") as file:
            head = file.read(256)
    except OSError:
        return False
    return head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"[")


def read_published(path: Path) -> PublishedFile:
    """Read a published price file.

    Raises
    ------
    PriceError
        If it cannot be read, is no JSON, or has the shape of none of the sources.
    """
    repeated: list[str] = []

    def once(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value in pairs:
            if name in found and found[name] != value:
                repeated.append(name)
            found[name] = value
        return found

    try:
        data = path.read_bytes()
        content = json.loads(
            data.decode("utf-8-sig"),
            parse_float=Decimal,
            parse_constant=str,
            object_pairs_hook=once,
        )
    except (OSError, ValueError, ArithmeticError, RecursionError) as error:
        raise PriceError(
            f"{path} can't be read as JSON prices: {error}. Save the source's answer as it is."
        ) from error
    reader = next((one for one in READERS if one.is_of(content)), None)
    if reader is None:
        raise PriceError(
            f"{path}: JSON of no known price source. Known by their shape are {KNOWN}; "
            "write other prices as a sheet in CSV."
        )
    dropped = [
        Skipped(
            what=name, reason="named twice in the file with different content; the last is read"
        )
        for name in repeated
    ]
    more = mapping(content).get("NextPageLink")
    return PublishedFile(
        name=path.name,
        source=reader.SOURCE,
        version=aws.version_of(content) if reader is aws else "",
        sha256=hashlib.sha256(data).hexdigest(),
        stated=(*dropped, *reader.read(content)),
        notes=("it is one page of several: give all pages in one command",) if more else (),
    )
