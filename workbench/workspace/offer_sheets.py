"""Offer sheets of a workspace: immutable under `store/prices/offers/`, the newest of each name holds."""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from workbench.errors import PriceError
from workbench.models.offers import completed, open_offers_of
from workbench.pricing.offer_sheet import OfferSheet, is_offer_sheet, offer_sheet
from workbench.reference import read_table
from workbench.store import files
from workbench.store.layout import Layout

TABLE = "commitment_offers"


def read(paths: Iterable[Path], *, known_from: datetime) -> dict[Path, OfferSheet]:
    """Read those of some files that are sheets of offers, and check them against what is shipped.

    Raises
    ------
    PriceError
        If a sheet contradicts itself.
    InputError
        If an offer that is not shipped leaves out a term it needs.
    """
    found: dict[Path, OfferSheet] = {}
    for path in paths:
        if is_offer_sheet(path):
            try:
                text = path.read_text(encoding="utf-8-sig")
            except (OSError, UnicodeDecodeError) as error:
                raise PriceError(
                    f"{path} can't be read as an offer sheet: {error}. Save it as CSV in UTF-8."
                ) from error
            found[path] = offer_sheet(text, name=path.name, known_from=known_from)
            completed(read_table(TABLE), found[path].rows)
    return found


def keep(layout: Layout, sheets: dict[Path, OfferSheet]) -> list[OfferSheet]:
    """Keep sheets for good; return those that say something new."""
    held = {one.source: one.sha256 for one in newest(layout)}
    new = {path: one for path, one in sheets.items() if held.get(one.source) != one.sha256}
    for path, sheet in new.items():
        content = {
            "source": sheet.source, "known_from": sheet.known_from.isoformat(),
            "text": path.read_text(encoding="utf-8-sig"),
        }  # fmt: skip
        layout.staging.mkdir(parents=True, exist_ok=True, mode=0o700)
        staged = layout.staging / f"{sheet.sheet_id}.json"
        staged.write_text(json.dumps(content), encoding="utf-8")
        files.move(staged, layout.offers / staged.name)
    return list(new.values())


def newest(layout: Layout) -> list[OfferSheet]:
    """Return the sheets that hold today: the newest of each name."""
    found: list[OfferSheet] = []
    for path in layout.offers.glob("*.json"):
        try:
            said = json.loads(path.read_text(encoding="utf-8"))
            known = datetime.fromisoformat(said["known_from"])
            found.append(offer_sheet(said["text"], name=said["source"], known_from=known))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise PriceError(
                f"{path} is no offer sheet of the workbench ({error}). Import the sheet again."
            ) from error
    found.sort(key=lambda one: (one.known_from, one.sheet_id))
    return list({one.source: one for one in found}.values())


def template(rows: Iterable[Mapping[str, str]], columns: Sequence[str]) -> str:
    """Return the offers that lack a term as CSV, what is known filled in, to complete and import."""
    rows = list(rows)
    lacking = {one.name for one in open_offers_of(rows)}
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(
        {**row, "source": ""} for row in rows if f"{row['offer']}, {row['model']}" in lacking
    )
    return text.getvalue()


def own_rows(layout: Layout) -> list[dict[str, str]]:
    """Return the owner's rows, those of the sheet imported last winning."""
    return [
        row
        for sheet in sorted(newest(layout), key=lambda one: one.known_from)
        for row in sheet.rows
    ]


def all_rows(layout: Layout) -> list[dict[str, str]]:
    """Return every offer: the shipped ones with the owner's put over them."""
    return completed(read_table(TABLE), own_rows(layout))
