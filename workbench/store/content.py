"""Which files of prompts and answers were read: a record each, under their bytes' hash."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workbench.store import files
from workbench.store.layout import Layout

FOLDER = "content-read"


def source_of(path: Path) -> str:
    """Return the name a file is known by: the first 16 digits of its sha256."""
    return files.sha256_of(path)[:16]


def is_read(layout: Layout, source: str) -> bool:
    """Say whether a file was read before; what was disposed of does not come back by it."""
    return (layout.store / FOLDER / f"{source}.json").is_file()


def record(layout: Layout, source: str, content: Mapping[str, Any]) -> None:
    """Write the record of a reading: the commit."""
    folder = layout.store / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    files.write_json(folder / f"{source}.json", content, staging=layout.staging)


def record_of(layout: Layout, part: Path) -> Path | None:
    """Return the record of the file a content segment came from; None where there is none."""
    path = layout.store / FOLDER / f"{part.stem}.json"
    return path if path.is_file() else None


def path_of(record_file: Path) -> str:
    """Return the path of the file that was read, as it was given."""
    return str(json.loads(record_file.read_text(encoding="utf-8"))["path"])
