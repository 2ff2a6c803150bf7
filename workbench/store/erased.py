"""Which rows were an erased person's? Known by keyed hashes alone, so that none is loaded twice.

`erased/<kind>/<month>/<id>.parquet` holds a fingerprint for each row that lost its name to an
erasure, or had none; the key lies apart, in .secrets. They go with the rows of their month.
Whoever holds the key and the log can tell whose row it was (GDPR recital 26: a pseudonym is
personal data), so the certificate says what is kept and until when.
"""

import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path

import duckdb

from workbench import fingerprints
from workbench.errors import StoreError
from workbench.store import certificates, files
from workbench.store.layout import Layout

FOLDER = "erased"
KEEPS = (
    "Keyed one-way hashes of the rows that no longer have a name, so that their log, read again, "
    "adds nothing; request ids that name nobody; the days, meters and costs of the rows. Whoever "
    "holds .secrets/erased.key and the log can tell the rows again. The hashes go with the "
    "metering rows of their month."
)


def is_any(layout: Layout) -> bool:
    """Say whether anybody was erased, so that rows read again are looked up here."""
    return (layout.store / FOLDER).is_dir()


def set_key(connection: duckdb.DuckDBPyConnection, layout: Layout) -> None:
    """Make the key known to a connection; the first use makes the key.

    Raises
    ------
    StoreError
        If there are fingerprints and no key: they could be told from nothing.
    """
    path = layout.secrets / "erased.key"
    if not path.exists():
        if any((layout.store / FOLDER).rglob("*.parquet")):
            raise StoreError(
                f"{path} is missing: rows of erased people could not be told when their log is read "
                "again, and would be counted twice. Restore it from a backup."
            )
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32))
    connection.execute(f"SET VARIABLE {fingerprints.KEY} = '{path.read_text().strip()}'")


def put(layout: Layout, staged: Mapping[str, str]) -> dict[str, str]:
    """Move staged fingerprints (name in staging -> file below the store) in; return their sha256.

    Done again after a kill, it moves only what is left.
    """
    (layout.store / FOLDER).mkdir(mode=0o700, exist_ok=True)
    for name, file in staged.items():
        if (layout.staging / name).exists():
            files.move(layout.staging / name, layout.store / file)
    return {file: files.sha256_of(layout.store / file) for file in staged.values()}


def has(layout: Layout, kind: str, month: str) -> bool:
    """Say whether there are fingerprints of a month."""
    return any((layout.store / FOLDER / kind / month).glob("*.parquet"))


def drop(layout: Layout, kind: str, month: str) -> None:
    """Delete the fingerprints of a month whose rows are gone."""
    for path in (layout.store / FOLDER / kind / month).glob("*.parquet"):
        path.unlink()


def relation(layout: Layout, kind: str) -> Callable[[datetime, datetime], str | None]:
    """Return a function that gives the fingerprints of the months a time window touches."""

    def rows(first: datetime, last: datetime) -> str | None:
        folder = layout.store / FOLDER / kind
        paths = [
            path
            for path in sorted(folder.glob("*/*.parquet"))
            if f"{first:%Y-%m}" <= path.parent.name <= f"{last:%Y-%m}"
        ]
        listed = ", ".join("'" + str(path).replace("'", "''") + "'" for path in paths)
        return f"(SELECT * FROM read_parquet([{listed}]))" if paths else None

    return rows


def damage(layout: Layout) -> Iterator[str]:
    """Compare the fingerprints with the certificates that name them; yield what differs."""
    events = certificates.certificates(layout)
    gone = {
        (kind, month)
        for one in events
        for kind, month in one.get("fingerprints_removed", ())
    }  # fmt: skip
    for one in events:
        for file, sha256 in one.get("fingerprints", {}).items():
            path = layout.store / file
            _, kind, month, _ = Path(file).parts
            if not path.is_file():
                if (kind, month) not in gone:
                    yield f"{path} is missing; certificate {one['number']} needs it."
            elif files.sha256_of(path) != sha256:
                yield f"{path} has changed since certificate {one['number']} was signed."
