"""What is kept of a record that could not be loaded: its number, the reason, a screened excerpt."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from workbench import schema
from workbench.ingest.clean_copy import LongLine

MOST_EXCERPT = 200

_SCREENS = (
    (re.compile(r"(?i)\b(sk|pk|rk|key|ghp|xox[bp])[-_][A-Za-z0-9_-]{8,}"), "[key]"),
    (re.compile(r"(?i)\bBearer\s+[A-Za-z0-9._-]{8,}"), "Bearer [key]"),
    (re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}"), "[e-mail]"),
    (re.compile(r"\d(?:[ -]?\d){11,}"), "[digits]"),
    (re.compile(r"\b[A-Za-z0-9_-]{32,}\b"), "[token]"),
)
_UNREAD = "not a record of this format"


def screened(line: bytes) -> str:
    """Return at most 200 characters of a line, without keys, e-mail addresses or long numbers.

    Examples
    --------
    >>> screened(b'{"user": "a.b@example.org", "card": "4111 1111 1111 1111"}')
    '{"user": "[e-mail]", "card": "[digits]"}'
    """
    text = line[: 4 * MOST_EXCERPT].decode("utf-8", errors="replace").strip()
    for pattern, word in _SCREENS:
        text = pattern.sub(word, text)
    text = "".join(c if c.isprintable() else " " for c in text)
    return text if len(text) <= MOST_EXCERPT else text[: MOST_EXCERPT - 1] + "…"


def why_unreadable(line: bytes) -> str:
    """Say why a line is no record, as exactly as a JSON parser can."""
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        return f"not UTF-8 text: byte {error.start + 1} of the line"
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        return f"not JSON: {error.msg} at character {error.pos + 1}"
    except RecursionError:
        return "not JSON that can be read: nested too deeply"
    if not isinstance(value, dict):
        return f"a JSON {type(value).__name__}, not an object"
    return "an empty object" if not value else "no known column has a value"


def write(
    path: Path,
    *,
    source_id: str,
    reasons: Mapping[int, str],
    records: Iterable[bytes],
    first_row: int,
    long_rows: Mapping[int, LongLine],
) -> None:
    """Write the quarantine of one source.

    Parameters
    ----------
    reasons
        Record number in the source, from 1 -> what is wrong.
    records
        Raw records, the first of which has number `first_row` + 1.
    long_rows
        Record number -> the overlong line that was cut out of `records` there.
    """
    last = max(reasons)
    rows: list[dict[str, object]] = []
    for row, line in enumerate(records, start=first_row + 1):
        if row > last:
            break
        if row not in reasons:
            continue
        reason, cut = reasons[row], long_rows.get(row)
        if cut is None and reason == _UNREAD:
            reason = why_unreadable(line)
        rows.append(
            {
                "source_id": source_id,
                "source_row": row,
                "reason": reason,
                "excerpt": screened(cut.head if cut else line),
                "line_sha256": cut.sha256 if cut else hashlib.sha256(line).hexdigest(),
            }
        )
    kinds = {"VARCHAR": pa.string(), "BIGINT": pa.int64()}
    fields = [pa.field(c.name, kinds[c.type]) for c in schema.QUARANTINE_COLUMNS]
    pq.write_table(pa.Table.from_pylist(rows, schema=pa.schema(fields)), path, compression="zstd")
