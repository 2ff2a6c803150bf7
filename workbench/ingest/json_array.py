"""Records of a JSON document that is one list: what an API answers and what databases export.

`[{…}, {…}]`, or an object whose first list is such a one, as in `{"total": 9, "data": [{…}]}`. It is parsed whole
and its records are then read like JSON lines; numbers keep the digits they are written with.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from workbench.errors import IngestError

MOST_BYTES = 256 * 1024 * 1024
_TEXT = rb'"(?:[^"\\]|\\.)*"'
_PLAIN = rb"(?:" + _TEXT + rb"|[-+.\deE]+|true|false|null)"
_BEGINS = re.compile(
    rb"\s*(?:\{\s*(?:"
    + _TEXT
    + rb"\s*:\s*"
    + _PLAIN
    + rb"\s*,\s*)*"
    + _TEXT
    + rb"\s*:\s*)?\[\s*(?=\{)"
)


def first_record(head: bytes) -> dict[str, object] | None:
    """Return the first record of a list by the beginning of its file; None where it is no list."""
    begins = _BEGINS.match(head)
    if not begins:
        return None
    try:
        text = head[begins.end() :].decode("utf-8", errors="replace")
        value, _ = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def flatten(path: Path) -> Iterator[dict[str, object] | None]:
    """Yield the records of the list, and None for what is no object.

    Raises
    ------
    IngestError
        If the file is too large to be parsed whole, or not JSON.
    """
    if path.stat().st_size > MOST_BYTES:
        raise IngestError(
            f"{path}: one JSON list of more than {MOST_BYTES:,} bytes. Export one object a line, "
            "for instance with: jq -c '.[]' FILE."
        )
    try:
        # Floats stay text so that no digit of a cost is lost; NaN and Infinity so that they are named.
        found = json.loads(path.read_bytes(), parse_float=str, parse_constant=str)
    except (ValueError, RecursionError) as error:
        raise IngestError(
            f"{path}: not JSON: {error}. Nothing was loaded; if it was cut off, export it again."
        ) from error
    if isinstance(found, dict):
        found = next(value for value in found.values() if isinstance(value, list))
    for one in found:
        yield one if isinstance(one, dict) else None
