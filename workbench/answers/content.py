"""Prompts and answers that the workspace asks for: screened, then kept by data class and month.

Nothing is kept unless `[content] keep` in workbench.toml names its data class. A file is read
whole or not at all; the record of its reading, written last, is the commit.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from workbench.errors import InputError, shown
from workbench.playbook.screening import Screener
from workbench.store import files
from workbench.store.content import is_read, record, source_of
from workbench.store.subject import user_hash
from workbench.workspace import Workspace

FORMAT = "content"
COLUMNS = (
    "occurred_at", "data_class", "text", "role", "request_id", "user_id", "user_hash",
    "session_id", "trace_id", "feature",
)  # fmt: skip
"""What a record may have; `x_…` is passed over. Required: occurred_at with its zone, text, and a
data class, which may be set for the whole file."""
_ZONED = r"(?:[Zz]|[+-]\d\d:?\d\d)$"
_FOLDER = re.compile(r"[\w][\w .-]{0,63}")


@dataclass(slots=True, kw_only=True)
class ContentReport:
    """What became of the files of one reading."""

    kept: Counter[str] = field(default_factory=Counter)
    """Records by data class."""
    not_asked_for: Counter[str] = field(default_factory=Counter)
    """Records of data classes the workspace does not ask for: not kept."""
    redacted: Counter[str] = field(default_factory=Counter)
    """Finds by kind, each replaced before anything was written."""
    duplicates: int = 0
    """Records that were kept before, from a shorter or otherwise packed copy of the file."""
    known: list[str] = field(default_factory=list)
    """Files that were read before."""


def read(
    workspace: Workspace,
    paths: Sequence[Path],
    *,
    now: datetime,
    constants: Mapping[str, str] | None = None,
) -> ContentReport:
    """Screen and keep prompts and answers from JSON lines, CSV or Parquet.

    Raises
    ------
    InputError
        If a file has an unknown column or a record without text, class or zoned time; nothing
        of that file is kept.
    """
    report, asked = ContentReport(), _asked_for(workspace)
    key = workspace.layout.user_key.read_bytes()
    for path in paths:
        if not path.is_file():
            raise InputError(f"{path}: no such file. Nothing of it was kept.")
        source = source_of(path)
        if is_read(workspace.layout, source):
            report.known.append(str(path))
            continue
        frame = _checked(path, _frame(path), constants or {})
        others = frame.filter(~pl.col("data_class").is_in(asked))
        report.not_asked_for.update(others["data_class"].to_list())
        frame, found = _screened(frame.filter(pl.col("data_class").is_in(asked)))
        rows, duplicates = _write(workspace, _hashed(frame, key), source)
        report.duplicates += duplicates
        report.kept.update(rows)
        report.redacted.update(found)
        record(
            workspace.layout, source,
            {"path": str(path), "at": now.isoformat(timespec="seconds"), "rows": rows,
             "redacted": found, "duplicates": duplicates},
        )  # fmt: skip
    return report


def _asked_for(workspace: Workspace) -> list[str]:
    keep = workspace.settings().get("content", {}).get("keep", [])
    bad = [one for one in keep if not isinstance(one, str) or not _FOLDER.fullmatch(one)]
    if not isinstance(keep, list) or bad:
        raise InputError(
            f"{workspace.layout.config}: [content] keep is {keep!r}. List data classes, such as "
            '["customer content"]; letters, digits, spaces, dots and dashes.'
        )
    return keep


def _frame(path: Path) -> pl.DataFrame:
    try:
        if ".parquet" in path.suffixes:
            return pl.read_parquet(path)
        if ".csv" in path.suffixes:
            return pl.read_csv(path, infer_schema=False)
        return pl.read_ndjson(path, infer_schema_length=None)
    except (OSError, pl.exceptions.PolarsError, pl.exceptions.PanicException):
        # What the reader says may quote the file, and that is somebody's text.
        raise InputError(
            f"{path}: not readable as JSON lines, CSV or Parquet, by its name. Nothing of it was kept."
        ) from None


def _checked(path: Path, frame: pl.DataFrame, constants: Mapping[str, str]) -> pl.DataFrame:
    frame = frame.with_columns(pl.lit(value).alias(name) for name, value in constants.items())
    unknown = [n for n in frame.columns if n not in COLUMNS and not n.startswith("x_")]
    if unknown:
        raise InputError(
            f"{path}: unknown column {shown(unknown)}. There are: {', '.join(COLUMNS)}."
        )
    missing = [n for n in ("occurred_at", "data_class", "text") if n not in frame.columns]
    if missing:
        hint = " Set one with --set data_class=NAME." if missing == ["data_class"] else ""
        raise InputError(f"{path}: no column {shown(missing)}.{hint}")
    lacking = [pl.lit(None, pl.String).alias(n) for n in COLUMNS if n not in frame.columns]
    times = pl.col("occurred_at")
    if frame.schema["occurred_at"] == pl.String:
        parsed = times.str.to_datetime(time_unit="us", time_zone="UTC", strict=False)
        times = pl.when(times.str.contains(_ZONED)).then(parsed)
    elif getattr(frame.schema["occurred_at"], "time_zone", None) is None:
        raise InputError(f"{path}: occurred_at has no time zone.")
    nested = [n for n in COLUMNS if n in frame.columns and frame.schema[n].is_nested()]
    if nested:
        raise InputError(
            f"{path}: {shown(nested)} is no text but a list or an object. Write one record a message."
        )
    frame = frame.with_columns(*lacking).select(
        times.dt.convert_time_zone("UTC").dt.cast_time_unit("us").alias("occurred_at"),
        *(pl.col(name).cast(pl.String) for name in COLUMNS[1:]),
    )
    bad = frame.with_row_index("line", 1).filter(
        pl.any_horizontal(pl.col("occurred_at", "data_class", "text").is_null())
    )
    if bad.height:
        lines = ", ".join(str(one) for one in bad["line"].head(3))
        raise InputError(
            f"{path}: {bad.height} records without text, data class or a time with its zone, such as "
            f"record {lines}. Nothing of the file was kept."
        )
    return frame


def _screened(frame: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, int]]:
    """Redact numbers and addresses of people and cards before anything is written."""
    screener, counts, texts = Screener(), Counter[str](), frame["text"].to_list()
    for place, spans in enumerate(screener.find_all(texts)):
        if spans:
            texts[place], found = screener.redact(texts[place])
            counts.update(found)
    return frame.with_columns(pl.Series("text", texts, dtype=pl.String)), dict(counts)


def _hashed(frame: pl.DataFrame, key: bytes) -> pl.DataFrame:
    known = {one: user_hash(key, one) for one in frame["user_id"].unique().to_list() if one}
    made = pl.col("user_id").replace_strict(known, default=None, return_dtype=pl.String)
    return frame.with_columns(pl.coalesce("user_hash", made).alias("user_hash")).drop("user_id")


def _write(workspace: Workspace, frame: pl.DataFrame, source: str) -> tuple[dict[str, int], int]:
    """Write what is new by class and month; return the rows kept, and how many were there."""
    layout, rows, duplicates = workspace.layout, Counter[str](), 0
    layout.staging.mkdir(parents=True, exist_ok=True, mode=0o700)
    frame = frame.with_columns(pl.col("occurred_at").dt.strftime("%Y-%m").alias("month"))
    for (name, month), part in frame.group_by("data_class", "month", maintain_order=True):
        final = layout.content / str(name) / str(month) / f"{source}.parquet"
        new = _new(part.drop("month"), final)
        duplicates += part.height - new.height
        if not new.height:
            continue
        staged = layout.staging / f"{source}.content.parquet"
        new.sort("occurred_at", maintain_order=True).write_parquet(staged)
        files.move(staged, final)
        rows[str(name)] += new.height
    return dict(rows), duplicates


def _new(part: pl.DataFrame, final: Path) -> pl.DataFrame:
    """Return the records that no other file of the folder has: of equal ones, as many as are more."""
    others = [path for path in sorted(final.parent.glob("*.parquet")) if path != final]
    if not others:
        return part
    held = pl.read_parquet(others).select(part.columns)
    nth = pl.int_range(pl.len()).over(part.columns).alias("nth")
    return (
        part.with_columns(nth)
        .join(
            held.with_columns(nth), on=[*part.columns, "nth"], how="anti", nulls_equal=True,
            maintain_order="left",
        )
        .drop("nth")
    )  # fmt: skip


def as_data(report: ContentReport) -> dict[str, Any]:
    """Return the report as plain data."""
    return {
        "kept": dict(report.kept), "not_asked_for": dict(report.not_asked_for),
        "redacted": dict(report.redacted), "duplicates": report.duplicates, "already_known": report.known,
    }  # fmt: skip
