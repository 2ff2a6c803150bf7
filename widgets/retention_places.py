"""Where records and their data classes lie on the retention page: a matrix and a table."""

from collections.abc import Mapping
from typing import Any

from widgets.retention_data import Reading
from workbench.figures.caption import Caption
from workbench.figures.cards import Cell, Chart, Table
from workbench.figures.retention_places import KEY, matrix


def data_matrix(reading: Reading) -> Chart:
    """Draw each data class against the regions it lives and may live in."""
    outside = sum(one["verdict"] == "outside" for one in reading.places)
    settled = sum(one["verdict"] in ("inside", "outside") for one in reading.places)
    count = len(reading.places)
    if outside:
        title = (
            f"{outside} of {count} places lie{'s' if outside == 1 else ''} where the data must not"
        )
    elif settled < count:
        title = (
            f"No place named lies where data must not; {count - settled} of {count} are not known"
        )
    else:
        title = "No place named lies where data must not" if count else "No place is named"
    caption = Caption(
        title=title,
        subtitle=f"Data class by region: {KEY}",
        foot=f"From the dossiers; a number counts models, backups and stores{_unplaced(reading)}",
    )  # fmt: skip
    return matrix(caption, flows=reading.places, classes=reading.classes)


def _unplaced(reading: Reading) -> str:
    """Say how many stores name no place and are therefore in no figure."""
    if not reading.unplaced:
        return ""
    one = reading.unplaced == 1
    return f"; {reading.unplaced} store{'' if one else 's'} that name{'s' if one else ''} no place {'is' if one else 'are'} not in it"


def places_table(reading: Reading, *, whole: bool = False) -> Table:
    """Return where data lives against where it may: all of it, or what is not settled."""
    tones: Mapping[str, Any] = {"inside": "good", "outside": "bad"}
    order = sorted(reading.places, key=lambda one: (one["verdict"] != "outside", one["feature"]))
    rows = tuple(
        (
            one["feature"], one["what"], ", ".join(one["regions"]) or "not stated",
            ", ".join(one["allowed"]) or "no limit",
            Cell(text=one["verdict"], tone=tones.get(one["verdict"], "neutral"), tag=True),
        )
        for one in order if whole or one["verdict"] != "inside"
    )  # fmt: skip
    outside = sum(one["verdict"] == "outside" for one in reading.places)
    inside = sum(one["verdict"] == "inside" for one in reading.places)
    open_ones = len(reading.places) - outside - inside
    lies = "place lies" if outside < 2 else "places lie"
    title = f"{outside or 'No'} {lies} outside; {open_ones or 'none'} of {len(reading.places)} lack a region or a limit"
    return Table(
        title="Every place data goes to" if whole else title,
        subtitle="Where data goes against where the dossier lets it go",
        columns=("Feature", "Goes to", "Region", "Allowed", "Verdict"),
        text_columns=("Feature", "Goes to", "Region", "Allowed", "Verdict"), rows=rows,
        foot=f"From the dossiers; {inside} of {len(reading.places)} inside.",
        empty="Every place named lies inside." if reading.places else "No dossier names where data goes.",
    )  # fmt: skip
