"""A person in the files of the store: which hold them, and those files written anew without.

Only files that hold the person are written; the sidecar that names them is replaced, then the
old file goes. Done again after a kill, what is done is left.
"""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from workbench import fingerprints, segment_rows
from workbench.store import content, erased, files, kept_rollups, segments
from workbench.store.erasure_sql import (
    cleaned,
    content_without,
    escaped,
    has_ids,
    is_content,
    is_hit,
    loses_its_name,
    of_unit,
)
from workbench.store.layout import Layout
from workbench.store.occurrences import holds
from workbench.store.subject import Subject


@dataclass(frozen=True, slots=True)
class Place:
    """One file of rows that holds the person."""

    path: Path
    kind: str
    """`usage`, `outcomes` or `quarantine`."""
    rows: int
    source: str
    """Path of the log it was read from, as it was given."""
    month: str
    lacking: tuple[str, ...]


def found(
    layout: Layout, connection: duckdb.DuckDBPyConnection, subject: Subject
) -> dict[Path, Place]:
    """Return the files of rows that hold the person: one statement a kind."""
    listed: dict[str, dict[Path, tuple[str, str, tuple[str, ...]]]] = {}
    for sidecar in segments.sidecars(layout):
        source = str(sidecar["path"])
        for entry in sidecar["segments"]:
            about = source, str(entry["month"]), tuple(entry.get("lacking", ()))
            listed.setdefault(str(sidecar["kind"]), {})[layout.store / entry["file"]] = about
        if sidecar["quarantine"]:
            path = layout.store / sidecar["quarantine"]["file"]
            listed.setdefault("quarantine", {})[path] = source, "", ()
    places = {}
    for kind, paths in listed.items():
        for file, rows in connection.execute(
            "SELECT filename, count(*) FROM read_parquet(?, union_by_name = true, filename = true) "
            f"WHERE {is_hit(kind, subject)} GROUP BY filename",
            [[str(path) for path in paths]],
        ).fetchall():
            path = Path(file)
            places[path] = Place(path, kind, int(rows), *paths[path])
    return places


def fingerprint(
    layout: Layout,
    connection: duckdb.DuckDBPyConnection,
    subject: Subject,
    places: Mapping[Path, Place],
    *,
    name: str,
) -> tuple[dict[str, str], int]:
    """Stage the fingerprints of rows that will have no name, before any file is touched.

    Returns
    -------
    staged, rows
        Name in staging -> the file it becomes below the store; how many rows they tell.
    """
    layout.staging.mkdir(parents=True, exist_ok=True, mode=0o700)
    months: dict[tuple[str, str], list[str]] = {}
    for one in places.values():
        if one.kind != "quarantine":
            query = _fingerprints(one, subject)
            months.setdefault((one.kind, one.month), []).append(query)
    staged, told = {}, 0
    for (kind, month), queries in months.items():
        target = layout.staging / f"{name}.{kind}.{month}.erased.parquet"
        counted = connection.execute(
            f"COPY ({' UNION ALL '.join(queries)}) TO '{escaped(target)}' (FORMAT parquet, COMPRESSION zstd)"
        ).fetchone()
        if counted and counted[0]:
            staged[target.name] = f"{erased.FOLDER}/{kind}/{month}/{name}.parquet"
            told += int(counted[0])
        else:
            target.unlink()
    return staged, told


def _fingerprints(place: Place, subject: Subject) -> str:
    chosen = segment_rows.whole(place.lacking) if place.lacking else "*"
    hit = is_hit(place.kind, subject)
    rows = f"(SELECT {chosen} FROM read_parquet('{escaped(place.path)}'))"
    content_ = fingerprints.content(place.kind)
    if place.kind == "outcomes":
        return (
            f"SELECT source_id, occurred_at AS instant, NULL::BIGINT AS attempt, NULL::VARCHAR AS named, "
            f"{content_} AS content FROM {rows} WHERE {hit}"
        )
    named = f"CASE WHEN request_id IS NOT NULL THEN {fingerprints.hashed('request_id')} END"
    return (
        f"SELECT source_id, started_at AS instant, CAST(attempt AS BIGINT) AS attempt, {named} AS named, "
        f"{content_} AS content FROM {rows} WHERE {hit} AND {loses_its_name(subject)}"
    )


def rewrite(
    layout: Layout,
    connection: duckdb.DuckDBPyConnection,
    subject: Subject,
    places: Mapping[Path, Place],
) -> list[dict[str, Any]]:
    """Take the person out of every file of the store; return the sidecars that changed."""
    changed = []
    for sidecar in list(segments.sidecars(layout)):
        after = _rewrite_batch(layout, connection, sidecar, subject, places)
        if after is not None:
            changed.append(after)
    for file, _ in contents(layout, connection, subject):
        _rewrite_content(layout, connection, file, subject)
    for file in kept_rollups.origin_files(layout):
        test = of_unit(subject)
        if connection.execute(
            f"SELECT 1 FROM read_parquet('{escaped(file)}') WHERE {test} LIMIT 1"
        ).fetchall():
            _write(layout, connection, file, file, columns="*", where=f"NOT {test}")
    _scrub_records(layout, subject)
    return changed


def _rewrite_batch(
    layout: Layout,
    connection: duckdb.DuckDBPyConnection,
    sidecar: dict[str, Any],
    subject: Subject,
    places: Mapping[Path, Place],
) -> dict[str, Any] | None:
    home = Path(sidecar.pop("sidecar"))
    old: list[Path] = []
    for entry in [
        *sidecar["segments"],
        *([sidecar["quarantine"]] if sidecar["quarantine"] else []),
    ]:
        path = layout.store / entry["file"]
        place = places.get(path)
        if place is None:
            continue
        columns = f"* REPLACE ({cleaned(place.kind, subject)})"
        renewed = path.with_name(_renamed(path))
        _write(layout, connection, path, renewed, columns=columns, where="true")
        entry["file"] = str(renewed.relative_to(layout.store))
        entry["sha256"] = files.sha256_of(renewed)
        if "bytes" in entry:
            entry["bytes"] = renewed.stat().st_size
        old.append(path)
    after = scrubbed(sidecar, subject)
    if not old and after == sidecar:
        return None
    files.write_json(home, after, staging=layout.staging)
    for path in old:
        path.unlink()
    return after


def _renamed(path: Path) -> str:
    rest = ".quarantine.parquet" if ".quarantine" in path.name else ".parquet"
    return f"{path.name.split('.')[0]}.{secrets.token_hex(4)}{rest}"


def _write(
    layout: Layout,
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    final: Path,
    *,
    columns: str,
    where: str,
) -> None:
    """Write a Parquet file anew as `final`, its rows in their order."""
    staged = layout.staging / final.name
    layout.staging.mkdir(parents=True, exist_ok=True, mode=0o700)
    files.require_space(layout.staging, bytes_needed=2 * path.stat().st_size)
    connection.execute(
        f"COPY (SELECT {columns} FROM read_parquet('{escaped(path)}') WHERE {where}) "
        f"TO '{escaped(staged)}' (FORMAT parquet, COMPRESSION zstd)"
    )
    files.move(staged, final)


def contents(
    layout: Layout, connection: duckdb.DuckDBPyConnection, subject: Subject
) -> list[tuple[Path, int]]:
    """Return content files that hold the person, with the rows to drop; 1 where it is no table."""
    held: list[tuple[Path, int]] = []
    for path in sorted(layout.content.rglob("*")):
        if not path.is_file():
            continue
        if path.suffix != ".parquet":
            if holds(path, subject.own):
                held.append((path, 1))
            continue
        gone, named = is_content(connection, path, subject), has_ids(connection, path)
        row = connection.execute(
            f"SELECT count(*) FILTER (WHERE {gone}), count(*) FILTER (WHERE {named}) "
            f"FROM read_parquet('{escaped(path)}')"
        ).fetchone()
        if row and any(row):
            held.append((path, int(row[0])))
    return held


def content_sources(layout: Layout, held: Sequence[tuple[Path, int]]) -> list[tuple[str, str, int]]:
    """Return (path as given, `content`, rows) of the files the content was read from."""
    named = []
    for path, rows in held:
        read = content.record_of(layout, path)
        if read is not None:
            named.append((content.path_of(read), "content", rows))
    return named


def _rewrite_content(
    layout: Layout, connection: duckdb.DuckDBPyConnection, path: Path, subject: Subject
) -> None:
    if path.suffix != ".parquet":
        path.unlink()
        return
    kept = f"NOT coalesce({is_content(connection, path, subject)}, false)"
    columns = content_without(connection, path)
    _write(layout, connection, path, path, columns=columns, where=kept)


def _scrub_records(layout: Layout, subject: Subject) -> None:
    """Take the person out of the records of what was read: a path may name them."""
    for path in sorted((layout.store / content.FOLDER).glob("*.json")):
        before = json.loads(path.read_text(encoding="utf-8"))
        after = scrubbed(before, subject)
        if after != before:
            files.write_json(path, after, staging=layout.staging)


def scrubbed(value: Any, subject: Subject) -> Any:  # noqa: ANN401 - any part of a sidecar
    """Return plain data with every identifier of the person replaced by `[erased]`."""
    if isinstance(value, str):
        return subject.own.replaced(value.encode(), b"[erased]").decode()
    if isinstance(value, list):
        return [scrubbed(one, subject) for one in value]
    if isinstance(value, dict):
        return {name: scrubbed(one, subject) for name, one in value.items()}
    return value
