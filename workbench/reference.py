"""Facts shipped with the workbench: where `data/` is, and its tables as plain rows.

Every reference table is a CSV file with a source and a confidence in each row. A row whose
confidence is not `confirmed` may be shown with its word, and never decides anything.
"""

import csv
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from workbench.errors import InputError


@cache
def data_folder() -> Path:
    """Return the folder of shipped data: the checkout's, or the installed package's."""
    checkout = Path(__file__).resolve().parent.parent / "data"
    installed = Path(sys.prefix) / "share" / "workbench" / "data"
    for folder in (checkout, installed):
        if (folder / "reference").is_dir():
            return folder
    raise InputError(
        f"No data folder at {checkout} or {installed}. Install the package again, or run from a checkout."
    )


def read_table(name: str) -> list[dict[str, str]]:
    """Return the rows of `data/reference/<name>.csv`, all values as text.

    Raises
    ------
    InputError
        If there is no such table; the message lists those there are.
    """
    folder = data_folder() / "reference"
    path = folder / f"{name}.csv"
    if not path.is_file():
        known = ", ".join(sorted(table.stem for table in folder.glob("*.csv")))
        raise InputError(f"No reference table {name!r} in {folder}. There are: {known}.")
    return list(_rows(path))


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        yield from csv.DictReader(file)
