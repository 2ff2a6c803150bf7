"""Which format a file is: the readers there are, and how a file is matched with one."""

import csv
import io
import json
import os
import stat
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from workbench.errors import IngestError, shown
from workbench.ingest import (
    azure_llm_trace,
    claude_code,
    litellm_spendlogs,
    ollama,
    otlp_genai,
    outcomes,
    vllm,
    workbench_log,
)
from workbench.ingest.json_array import first_record
from workbench.ingest.other_files import refuse_lines_of_old, what_it_looks_like
from workbench.ingest.reader import Reader
from workbench.ingest.source import UTF8_BOM, blocks, compression, reading

FORMATS: dict[str, Reader] = {
    reader.name: reader
    for reader in (
        workbench_log.READER,
        litellm_spendlogs.READER,
        claude_code.READER,
        otlp_genai.READER,
        azure_llm_trace.READER,
        vllm.READER,
        ollama.READER,
        outcomes.READER,
    )
}
"""Every reader by the name `--format` takes; a workspace may add its own."""

HEAD_BYTES = 1024 * 1024
_DELIMITERS = ",;\t"
_UNIFORM_LINES = 500
"""Lines that must look alike for the whole file to be tried as one of uniform lines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """How a file is to be read."""

    reader: Reader
    container: str
    """jsonl, csv, parquet, otlp, or array: one JSON list."""
    delimiter: str = ","
    columns: tuple[str, ...] = ()
    """Of a CSV, as its header names them."""
    header_line: bytes = b""
    uniform: tuple[str, ...] = ()
    """Keys of JSON lines, if every object at the head has the same ones, each with a value."""
    numbers: frozenset[str] = frozenset()
    """Those of them that have a number in every object at the head."""


def recognise(path: Path, fmt: str | None) -> Recognised:
    """Find the reader of a file by its first bytes and keys, or take the one that is asked for.

    Raises
    ------
    IngestError
        If no reader or more than one fits; the message says how each format is known.
    """
    if fmt is not None and fmt not in FORMATS:
        raise IngestError(
            f"--format {fmt}: there is no such format. There are: {', '.join(FORMATS)}."
        )
    if path.is_dir():
        raise IngestError(f"{path}: is a folder. Give files or a pattern such as {path}/*.jsonl.")
    head = _head(path)
    container, records, delimiter = _look(path, head)
    header_line = head.split(b"\n", 1)[0] + b"\n" if container == "csv" else b""
    columns = _header(path, header_line, delimiter) if container == "csv" else ()
    fitting = [
        reader
        for reader in FORMATS.values()
        if _reads(reader, container) and _fits(reader, records)
    ]
    if fmt is not None:
        reader = FORMATS[fmt]
        if not _reads(reader, container):
            raise IngestError(
                f"{path}: looks like {container}, and --format {fmt} reads {', '.join(reader.containers)}."
            )
    elif len(fitting) == 1:
        reader = fitting[0]
    elif fitting:
        names = ", ".join(reader.name for reader in fitting)
        raise IngestError(f"{path}: may be {names}. Say which with --format NAME.")
    else:
        raise IngestError(_unknown(path, records))
    keys, numbers = _uniform(head, reader) if container == "jsonl" else ((), frozenset())
    return Recognised(
        reader=reader,
        container=container,
        delimiter=delimiter,
        columns=columns,
        header_line=header_line,
        uniform=keys,
        numbers=numbers,
    )


def _header(path: Path, line: bytes, delimiter: str) -> tuple[str, ...]:
    columns = _fields(line, delimiter)
    twice = sorted({column for column in columns if columns.count(column) > 1})
    if twice:
        raise IngestError(
            f"{path}: the header names {shown(twice)} more than once. Nothing was loaded."
        )
    return tuple(columns)


def _fields(line: bytes, delimiter: str) -> list[str]:
    text = line.decode("utf-8", errors="replace")
    return [
        column.strip() for column in next(csv.reader(io.StringIO(text), delimiter=delimiter), [])
    ]


def _head(path: Path) -> bytes:
    head = b""
    for block in blocks(path):
        head += block[:HEAD_BYTES]
        if len(head) >= HEAD_BYTES:
            break
    if not head.strip():
        raise IngestError(f"{path}: is empty. Nothing was loaded.")
    if head[:2] in (b"\xff\xfe", b"\xfe\xff") or (head[1:2] == b"\0" and head[3:4] == b"\0"):
        raise IngestError(f"{path}: is UTF-16 text. Save it as UTF-8 and ingest it again.")
    return head.removeprefix(UTF8_BOM)


def _look(path: Path, head: bytes) -> tuple[str, list[frozenset[str]], str]:
    """Return the container, the key sets of the first records, and the delimiter of a CSV."""
    if head[:4] == b"PAR1":
        if compression(path):
            raise IngestError(f"{path}: a compressed Parquet file; decompress it first.")
        with reading(path):
            return "parquet", [frozenset(pq.read_schema(path).names)], ","
    if head.lstrip()[:1] in (b"{", b"["):
        return _look_at_json(head)
    refuse_lines_of_old(path, head)
    first = head.split(b"\n", 1)[0]
    delimiter = max(_DELIMITERS, key=lambda mark: first.count(mark.encode()))
    return "csv", [frozenset(_fields(first, delimiter))], delimiter


def _look_at_json(head: bytes) -> tuple[str, list[frozenset[str]], str]:
    records: dict[frozenset[str], None] = {}
    for line in head.splitlines():
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            records[frozenset(value)] = None
    if b'"resourceSpans"' in head or b'"resource_spans"' in head:
        return "otlp", list(records) or [frozenset({"resourceSpans"})], ","
    first = None if any(_known(keys) for keys in records) else first_record(head)
    if first is not None and (not records or _known(frozenset(first))):
        return "array", [frozenset(first)], ","
    return "jsonl", [*records, *([frozenset(first)] if first else [])], ","


def _known(keys: frozenset[str]) -> bool:
    return any(_fits(reader, [keys]) for reader in FORMATS.values())


def _reads(reader: Reader, container: str) -> bool:
    """Say whether a reader takes a container; the records of a list are read as JSON lines are."""
    return ("jsonl" if container == "array" else container) in reader.containers


def _uniform(head: bytes, reader: Reader) -> tuple[tuple[str, ...], frozenset[str]]:
    """Return the keys that every object at the head has, and those whose values are numbers."""
    keys: tuple[str, ...] = ()
    numbers: set[str] = set()
    for line in head.split(b"\n", _UNIFORM_LINES)[:-1]:
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            return (), frozenset()
        if not isinstance(value, dict) or None in value.values():
            return (), frozenset()
        if not keys:
            keys, numbers = tuple(value), set(value)
        if len(value) != len(keys) or any(key not in value for key in keys):
            return (), frozenset()
        numbers = {key for key in numbers if type(value[key]) in (int, float)}
    if not reader.strict or any(key not in reader.inputs for key in keys):
        return (), frozenset()
    return keys, frozenset(numbers)


def _fits(reader: Reader, records: list[frozenset[str]]) -> bool:
    return any(signature <= keys for keys in records for signature in reader.signatures)


def _unknown(path: Path, records: list[frozenset[str]]) -> str:
    found = f" It has {shown(sorted(records[0]), at_most=8)}." if records else ""
    other = what_it_looks_like(records)
    return f"{path}: no format fits.{found}{other} Nothing was loaded. {formats_known()}"


def formats_known() -> str:
    """Return how each format is recognised and what to do where none fits."""
    known = "; ".join(f"{reader.name} ({reader.looks_like})" for reader in FORMATS.values())
    return (
        f"Formats are known by: {known}. "
        "Say which with --format NAME, or fill missing columns with --set column=value."
    )


def expand(paths: list[str]) -> list[Path]:
    """Turn files, folders and patterns into a sorted list of files, each once.

    Hidden files and files in hidden folders are left out unless named.

    Raises
    ------
    IngestError
        If a path or a pattern matches nothing.
    """
    found: dict[Path, None] = {}
    for text in paths:
        path = Path(text)
        with reading(path):
            matches = [path] if _is_file(path) else _matches(path)
        if not matches:
            what = (
                "holds no files"
                if path.is_dir()
                else "there is no such file, and no file matches it"
            )
            raise IngestError(f"{text}: {what}.")
        found.update(dict.fromkeys(matches))
    return sorted(found)


def _matches(path: Path) -> list[Path]:
    if path.is_dir():
        return _files_below(path)
    root = Path(path.anchor)
    parts = path.parts[1:] if path.anchor else path.parts
    first = next((n for n, part in enumerate(parts) if any(c in part for c in "*?[")), None)
    if first is None:
        return []
    root = root.joinpath(*parts[:first])
    return [
        file
        for file in root.glob("/".join(parts[first:]))
        if not _hidden(file.relative_to(root)) and file.is_file()
    ]


def _is_file(path: Path) -> bool:
    """Say whether it is a file; a folder above it that may not be entered is an error."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False


def _hidden(inside: Path) -> bool:
    return any(part.startswith(".") for part in inside.parts)


def _files_below(folder: Path) -> list[Path]:
    """Walk a folder; one that may not be read is an error, never passed over in silence."""

    def refuse(error: OSError) -> None:
        raise IngestError(
            f"{error.filename}: may not be read by this user. Ask its owner for read permission, "
            "or name the files."
        ) from error

    found: list[Path] = []
    for root, inner, names in os.walk(folder, onerror=refuse):
        inner[:] = [name for name in inner if not name.startswith(".")]
        found += [Path(root, name) for name in names if not name.startswith(".")]
    return [path for path in found if path.is_file()]
