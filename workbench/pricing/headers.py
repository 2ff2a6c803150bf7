"""What kind of sheet a CSV file is: told by the columns that its first line names."""

import csv
from collections.abc import Set
from pathlib import Path


def names_columns(path: Path, columns: Set[str]) -> bool:
    """Say whether a file's first line names all `columns`; a file that is no CSV names none."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = next(csv.reader(file), [])
    except (OSError, UnicodeDecodeError, csv.Error):
        return False
    return {column.strip() for column in header} >= columns
