"""Metering rows, outcomes and quarantined excerpts at the end of their period.

Rows go by month and only once the month is closed: its rollups, counts and matched outcomes are
put on file first, so that no figure moves. An outcome of work that goes on in a month that stays
is kept, in a segment written anew. Of a quarantined record the reason stays, the excerpt goes.
"""

import hashlib
import json
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from workbench.store import erased, files, kept_counts, kept_rollups, kept_units, segments
from workbench.store.catalog import Catalog
from workbench.store.disposition_rules import Hold, Item, Policy, decide
from workbench.store.layout import Layout

CLASSES = {"usage": "metering", "outcomes": "outcomes", "quarantine": "quarantine"}
"""What a dossier calls the rows of a kind. Outcomes follow metering where they have no period."""


def plan(
    layout: Layout,
    policies: Iterable[Policy],
    *,
    holds: Sequence[Hold] = (),
    as_of: date,
    closed: frozenset[str] = frozenset(),
) -> list[Item]:
    """Return every file of rows with what would become of it, and why.

    Parameters
    ----------
    closed
        Months (`2026-10`) that are closed: in an open one no row goes.
    """
    by_class = {policy.data_class: policy for policy in policies}
    if "metering" in by_class and "outcomes" not in by_class:
        by_class["outcomes"] = by_class["metering"]
        also = [
            replace(one, data_class="outcomes") for one in holds if one.data_class == "metering"
        ]
        holds = [*holds, *also]
    items, rest = [], set()
    for kind, month, entry in _files(layout):
        data_class = CLASSES[kind]
        policy = by_class.get(data_class)
        decision, reason = decide(policy, data_class, month, holds=holds, as_of=as_of)
        if decision == "dispose" and kind != "quarantine" and month not in closed:
            decision = "keep"
            reason += f", but {month} is open: `workbench close {month}` first"
        if kind == "outcomes" and entry.get("is_rest"):
            rest.add(entry["file"])
        path = layout.store / entry["file"]
        items.append(
            Item(
                file=entry["file"],
                data_class=data_class,
                month=month,
                rows=entry["rows"],
                bytes=path.stat().st_size if path.is_file() else 0,
                sha256=entry["sha256"],
                decision=decision,
                reason=reason,
                rule_ids=policy.rule_ids if policy else (),
            )
        )
    return list(_settled(items, rest))


def _settled(items: Sequence[Item], rest: set[str]) -> Iterator[Item]:
    """Keep what an earlier disposal left of a month until a later month of outcomes goes too."""
    outcomes = [one for one in items if one.data_class == "outcomes" and one.decision == "dispose"]
    waits = all(one.file in rest for one in outcomes)
    for one in items:
        if waits and one.file in rest and one.decision == "dispose":
            yield replace(one, decision="keep", reason="its work goes on in a month that stays")
        else:
            yield one


def _files(layout: Layout) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Yield kind, month and entry of every file of rows; a quarantine's month is that of its ingest."""
    for sidecar in segments.sidecars(layout):
        for entry in sidecar["segments"]:
            yield str(sidecar["kind"]), str(entry["month"]), entry
        refused = sidecar["quarantine"]
        if refused and not refused.get("disposed"):
            rows = {"rows": int(sidecar["quarantined"]), **refused}
            yield "quarantine", str(sidecar["finished_at"])[:7], rows


def is_row(item: Mapping[str, Any]) -> bool:
    """Say whether a planned file is one of rows, not of content."""
    return not str(item["file"]).startswith("content/")


def prepare(catalog: Catalog, doomed: Sequence[Item]) -> dict[str, Any]:
    """Put on file what must stay, and write anew what goes only in part.

    Returns
    -------
    dict
        `kept`: sha256 of each kept rollup; `renewed`: for files that go in part, the entry of
        the file that takes their place.
    """
    rows = [one for one in doomed if one.data_class in CLASSES.values()]
    usage = sorted({one.month for one in rows if one.data_class == "metering"})
    kept_counts.keep(catalog)
    renewed: dict[str, Any] = {}
    ended = [one for one in rows if one.data_class == "outcomes"]
    (catalog.layout.store / kept_units.PENDING).unlink(missing_ok=True)
    if ended:
        renewed |= _split_outcomes(catalog, ended)
    for one in rows:
        if one.data_class == "quarantine":
            renewed[one.file] = _without_excerpts(catalog, one)
    return {"kept": kept_rollups.freeze(catalog, usage), "renewed": renewed}


def _split_outcomes(catalog: Catalog, ended: Sequence[Item]) -> dict[str, Any]:
    """Write the outcomes that stay, and put the units on file that end with the rest."""
    paths = ", ".join(f"'{_path(catalog, one.file)}'" for one in ended)
    run = catalog.connection.execute
    keys = ("ticket_id", "session_id", "request_id")
    several = " + ".join(f"CAST({key} IS NOT NULL AS INTEGER)" for key in keys)
    going = f"(SELECT *, {several} AS n_keys FROM read_parquet([{paths}]))"
    others = [
        one for one in catalog.files_of("outcomes") if Path(one) not in _paths(catalog, ended)
    ]
    staying = catalog.relation_of("outcomes", others)
    # A unit stays whole where one of its rows does, or where a row names two units.
    stays = " UNION ".join(
        f"SELECT '{key}' AS kind, {key} AS id FROM {staying} WHERE {key} IS NOT NULL UNION "
        f"SELECT '{key}', {key} FROM {going} WHERE {key} IS NOT NULL AND n_keys > 1"
        for key in keys
    )
    run(f"CREATE OR REPLACE TEMP TABLE stays AS {stays}")
    run("CREATE OR REPLACE TEMP TABLE ends AS " + " UNION ".join(
        f"SELECT '{key}' AS kind, {key} AS id FROM {going} WHERE {key} IS NOT NULL" for key in keys
    ) + " EXCEPT SELECT kind, id FROM stays")  # fmt: skip
    kept_units.write_ended(catalog)
    test = " OR ".join(
        f"EXISTS (SELECT 1 FROM stays WHERE kind = '{key}' AND id = {key})" for key in keys
    )
    renewed = {}
    for one in ended:
        query = f"SELECT * FROM read_parquet('{_path(catalog, one.file)}') WHERE {test}"
        entry = _renew(catalog, one, query)
        if entry is not None:
            renewed[one.file] = entry
    return renewed  # a file all of whose rows stay is told by its count; see `unmoved`


def months_gone(
    layout: Layout, doomed: Iterable[Item], renewed: Sequence[Mapping[str, Any]]
) -> list[tuple[str, str]]:
    """Return kind and month of the fingerprints of erased people's rows that nothing needs now.

    No row of such a month is taken in again; where some outcomes stay, so do the fingerprints.
    """
    ids = {name: kind for kind, name in CLASSES.items() if kind in segments.KINDS}
    gone = {(ids[one.data_class], one.month) for one in doomed if one.data_class in ids}
    stay = {tuple(Path(str(one["file"])).parts[:2]) for one in renewed}
    return sorted(one for one in gone - stay if erased.has(layout, *one))


def unmoved(doomed: Iterable[Item], renewed: Mapping[str, Any]) -> set[str]:
    """Return the doomed files of outcomes of which no row would go after all."""
    return {
        one.file
        for one in doomed
        if one.data_class == "outcomes" and renewed.get(one.file, {}).get("rows") == one.rows
    }


def _without_excerpts(catalog: Catalog, item: Item) -> dict[str, Any]:
    source = _path(catalog, item.file)
    entry = _renew(
        catalog, item, f"SELECT * REPLACE (NULL AS excerpt) FROM read_parquet('{source}')"
    )
    assert entry is not None  # a quarantine file has at least one record
    return {**entry, "disposed": True}


def _renew(catalog: Catalog, item: Item, query: str) -> dict[str, Any] | None:
    """Write rows that stay beside the old file; None where there are none."""
    old = catalog.layout.store / item.file
    ending = ".quarantine.parquet" if ".quarantine" in old.name else ".parquet"
    final = old.with_name(f"{old.name.split('.')[0]}.{secrets.token_hex(4)}{ending}")
    staged = catalog.layout.staging / final.name
    staged.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    target = str(staged).replace("'", "''")
    catalog.connection.execute("SET preserve_insertion_order = true")
    catalog.connection.execute(f"COPY ({query}) TO '{target}' (FORMAT parquet, COMPRESSION zstd)")
    rows = pq.read_metadata(staged).num_rows
    if rows == 0:
        staged.unlink()
        return None
    entry: dict[str, Any] = {
        "file": str(final.relative_to(catalog.layout.store)),
        "rows": rows,
        "bytes": staged.stat().st_size,
        "sha256": files.sha256_of(staged),
    }
    files.move(staged, final)
    return entry


def _path(catalog: Catalog, file: str) -> str:
    return str(catalog.layout.store / file).replace("'", "''")


def _paths(catalog: Catalog, items: Sequence[Item]) -> set[Path]:
    return {catalog.layout.store / one.file for one in items}


def carry_out(layout: Layout, event: Mapping[str, Any]) -> None:
    """Take the doomed rows out of their batches; done again after a kill, it changes nothing."""
    doomed = {one["file"]: one for one in event["files"] if is_row(one)}
    if not doomed:
        return
    for derived in layout.store.glob("workbench.duckdb*"):
        derived.unlink()
    renewed = event.get("renewed", {})
    digest = hashlib.sha256(json.dumps(event, sort_keys=True, default=str).encode()).hexdigest()
    kept_units.settle(layout, digest[:16])
    for sidecar in list(segments.sidecars(layout)):
        home = Path(sidecar.pop("sidecar"))
        touched = [one for one in sidecar["segments"] if one["file"] in doomed]
        refused = sidecar["quarantine"]
        blank = bool(refused) and refused["file"] in doomed
        if not touched and not blank:
            continue
        if blank:
            sidecar["quarantine"] = _quarantine_entry(renewed[refused["file"]])
        _dispose(sidecar, touched, renewed, at=str(event["at"]))
        files.write_json(home, sidecar, staging=layout.staging)
    for file in doomed:
        (layout.store / file).unlink(missing_ok=True)
    for kind, month in event.get("fingerprints_removed", ()):
        erased.drop(layout, kind, month)


def _quarantine_entry(renewed: Mapping[str, Any]) -> dict[str, Any]:
    return {name: renewed[name] for name in ("file", "sha256", "disposed")}


def _dispose(
    sidecar: dict[str, Any],
    touched: Sequence[Mapping[str, Any]],
    renewed: Mapping[str, Any],
    *,
    at: str,
) -> None:
    gone = sidecar.setdefault("disposed", [])
    stay = [one for one in sidecar["segments"] if one not in touched]
    for entry in touched:
        rest = renewed.get(entry["file"])
        if rest is not None:
            stay.append({**entry, **rest, "is_rest": True})
        gone.append(
            {
                "month": entry["month"], "file": entry["file"], "sha256": entry["sha256"],
                "rows": entry["rows"] - (rest["rows"] if rest else 0), "at": at,
            }
        )  # fmt: skip
    sidecar["segments"] = stay
