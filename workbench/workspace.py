"""The one place where readers, prices, kernel and store meet: what commands and notebooks call."""

import json
import secrets
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import yaml

from workbench.errors import InputError, StoreError, WorkbenchError, shown
from workbench.ingest.batch import AlreadyKnown, KnownSource, Staged
from workbench.ingest.formats import expand
from workbench.ingest.stage import stage
from workbench.pricing.book import PriceBook, RateKey, compile_rates, listing
from workbench.pricing.rows import PriceImport
from workbench.pricing.sheet import read_sheet
from workbench.pricing.shipped import shipped_fingerprint, shipped_imports
from workbench.schema import LAYERS
from workbench.store import certificates, files, rollups, segments, snapshot, upkeep
from workbench.store.catalog import Catalog
from workbench.store.layout import Layout

if TYPE_CHECKING:
    import polars as pl

Progress = Callable[[Path, int, int], None]
"""Called after each file with its path, its records and the number of files in all."""


@dataclass(slots=True)
class IngestReport:
    """What became of each file of one ingest command."""

    staged: list[Staged] = field(default_factory=list)
    known: list[AlreadyKnown] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    """Files that were refused, with the reason; nothing of them was committed."""

    @property
    def loaded(self) -> int:
        """Rows that became usage or outcomes."""
        return sum(one.loaded for one in self.staged)


@dataclass(frozen=True, slots=True)
class _Options:
    """What holds for every file of one ingest command."""

    fmt: str | None
    constants: Mapping[str, str]
    user_key: bytes


class Workspace:
    """One workspace folder; every method opens the store, does its work and closes it."""

    def __init__(self, root: Path) -> None:
        self.layout = Layout(root.resolve())

    # Making and opening -------------------------------------------------------------------

    @classmethod
    def init(
        cls, root: Path, *, name: str | None = None, layers: Sequence[str] = LAYERS
    ) -> "Workspace":
        """Make a workspace in `root`; an existing one is left as it is.

        Parameters
        ----------
        root
            Folder, made where it is missing.
        name
            What pages call the workspace; the folder's name where None.
        layers
            Price layers it uses, of `schema.LAYERS`.

        Raises
        ------
        InputError
            If `root` holds something that is not a workspace.
        """
        workspace = cls(root)
        layout = workspace.layout
        if layout.root.is_file():
            raise InputError(f"{layout.root} is a file. Name a folder for the workspace.")
        layout.root.mkdir(parents=True, exist_ok=True)
        layout.make()
        for folder in ("dossiers", "prices", "assumptions", "scenarios"):
            (layout.root / folder).mkdir(exist_ok=True)
        if not layout.config.exists():
            listed = ", ".join(f'"{layer}"' for layer in layers)
            text = _CONFIG.format(name=json.dumps(name or layout.root.name), layers=listed)
            layout.config.write_text(text)
        layout.secrets.mkdir(exist_ok=True, mode=0o700)
        if not layout.user_key.exists():
            layout.user_key.touch(mode=0o600)
            layout.user_key.write_bytes(secrets.token_bytes(32))
        with workspace._writer():
            pass
        return workspace

    def _writer(self) -> "Catalog":
        """Open the catalog for writing, after mending what a killed command left."""
        upkeep.finish(self.layout)
        catalog = Catalog.open(self.layout)
        try:
            if not catalog.is_this_version():
                raise StoreError(
                    f"{self.layout.database} was made by another version. "
                    "Run `workbench rebuild`: it is made again from the segments."
                )
            segments.sweep(self.layout)
            self._keep_shipped_prices(catalog)
            pending = catalog.pending()
            if pending or catalog.meta("imports") != self._imports_key():
                self._apply(catalog, pending)
        except BaseException:
            catalog.connection.close()
            raise
        return catalog

    def reader(self, *, locked: bool = True) -> "Catalog":
        """Open the catalog for reading, with all views; mended first where that is needed."""
        if not self.layout.database.exists() or upkeep.is_unfinished(self.layout):
            with self._writer():
                pass
        catalog = Catalog.open(self.layout, read_only=True)
        if not catalog.is_current():
            catalog.connection.close()
            with self._writer():
                pass
            catalog = Catalog.open(self.layout, read_only=True)
        catalog.make_views()
        if locked:
            catalog.lock_down()
        return catalog

    # Prices -------------------------------------------------------------------------------

    def _keep_shipped_prices(self, catalog: Catalog) -> None:
        """Import the shipped price book, where it is not the one imported last."""
        fingerprint = shipped_fingerprint()
        if catalog.meta("shipped") != fingerprint:
            for one in shipped_imports():
                self._keep(one)
            catalog.set_meta("shipped", fingerprint)

    def _keep(self, one: PriceImport) -> Path:
        path = self.layout.imports / f"{one.import_id}.parquet"
        if not path.exists():
            self.layout.imports.mkdir(parents=True, exist_ok=True)
            staged = self.layout.staging / path.name
            one.save(staged)
            files.move(staged, path)
        return path

    def _imports_key(self) -> str:
        return ",".join(sorted(path.stem for path in self.layout.imports.glob("*.parquet")))

    def book(self) -> PriceBook:
        """Return the price book: every import of this workspace."""
        layers = self.settings().get("prices", {}).get("layers", list(LAYERS))
        unknown = [layer for layer in layers if layer not in LAYERS]
        if unknown:
            raise InputError(
                f"{self.layout.config}: unknown price layer {shown(unknown)}. "
                f"There are: {', '.join(LAYERS)}."
            )
        paths = sorted(self.layout.imports.glob("*.parquet"))
        found = [PriceImport.load(path) for path in paths]
        return PriceBook([one for one in found if one.layer in layers])

    def settings(self) -> dict[str, Any]:
        """Return `workbench.toml`."""
        try:
            return tomllib.loads(self.layout.config.read_text())
        except (OSError, tomllib.TOMLDecodeError) as error:
            raise InputError(
                f"{self.layout.config}: not readable ({error}). Mend it, or `workbench init` again."
            ) from error

    def import_prices(self, paths: Iterable[Path], *, now: datetime) -> list[PriceImport]:
        """Import contract sheets and price all usage again with them.

        Raises
        ------
        PriceError
            If a sheet contradicts itself; nothing of the command is imported.
        """
        with self._writer() as catalog:
            read = [read_sheet(path, known_from=now.replace(tzinfo=None)) for path in paths]
            held = self.book().imports
            read = [one for one in read if not _is_latest(one, held)]
            PriceBook([*held, *read])
            for one in read:
                self._keep(one)
            self._apply(catalog, [])
        return read

    # The one transaction ------------------------------------------------------------------

    def _apply(self, catalog: Catalog, pending: Sequence[Mapping[str, Any]]) -> None:
        """List committed batches, price what is new and roll up the days they touch."""
        with catalog.transaction():
            before = len(catalog.tuples())
            for sidecar in pending:
                catalog.add_batch(dict(sidecar))
            imports = self._imports_key()
            repriced = catalog.meta("imports") != imports
            keys = [RateKey(*one) for one in catalog.tuples()]
            if repriced or len(keys) != before or not catalog.has_rates():
                book = self.book()
                catalog.replace_rates(compile_rates(book, keys, None))
                if repriced:
                    catalog.replace_price_book(listing(book))
            else:
                catalog.lay_out_prices()
            kinds = {one["kind"] for one in pending}
            touched = None if repriced else [one["source_id"] for one in pending]
            rollups.refresh(catalog, days=rollups.days_of(catalog, source_ids=touched))
            if kinds or repriced:
                rollups.refresh_outcomes(catalog)
            catalog.set_meta("imports", imports)

    # Ingest -------------------------------------------------------------------------------

    def ingest(
        self,
        paths: Sequence[Path],
        *,
        now: datetime,
        fmt: str | None = None,
        constants: Mapping[str, str] | None = None,
        dry_run: bool = False,
        progress: Progress | None = None,
    ) -> IngestReport:
        """Read log files into the store; each file is committed whole or not at all.

        Parameters
        ----------
        paths
            Files, folders or globs.
        now
            The caller's clock, recorded in the manifest.
        fmt
            Format name; recognised from the file where None.
        constants
            Values of columns the files lack.
        dry_run
            Read and count, commit nothing.
        progress
            Called as bytes are read.

        Returns
        -------
        IngestReport
            Per file what was loaded; a refused file does not stop the others.
        """
        report = IngestReport()
        committed: list[dict[str, Any]] = []
        options = _Options(fmt, constants or {}, self.layout.user_key.read_bytes())
        with self._writer() as catalog:
            catalog.make_views()
            paths_found = expand([str(path) for path in paths])
            for path in paths_found:
                try:
                    done = self._stage(catalog, path, committed, options)
                    if isinstance(done, Staged) and not dry_run:
                        committed.append(_commit(self.layout, done, now=now))
                except WorkbenchError as error:
                    report.failed.append((str(path), str(error)))
                    continue
                if isinstance(done, AlreadyKnown):
                    report.known.append(done)
                    continue
                report.staged.append(done)
                if progress:
                    progress(path, done.records, len(paths_found))
            if committed:
                self._apply(catalog, committed)
            segments.sweep(self.layout)
        return report

    def _stage(
        self,
        catalog: Catalog,
        path: Path,
        committed: Sequence[Mapping[str, Any]],
        options: "_Options",
    ) -> Staged | AlreadyKnown:
        source_id = secrets.token_hex(8)
        staging = self.layout.staging / source_id
        staging.mkdir(parents=True)
        files.require_space(staging, bytes_needed=_space_for(path))
        return stage(
            catalog.connection,
            path=path,
            fmt=options.fmt,
            constants=options.constants,
            staging=staging,
            source_id=source_id,
            user_key=options.user_key,
            known=_known(catalog, committed),
            existing=_existing(catalog, self.layout, committed, kind="usage"),
            existing_outcomes=_existing(catalog, self.layout, committed, kind="outcomes"),
        )

    # Publishing and checking --------------------------------------------------------------

    def publish(self, *, now: datetime, documents: Mapping[str, Any] | None = None) -> Path:
        """Publish the rollups, the workspace's papers and `documents` for pages to read."""
        with self._writer() as catalog:
            return snapshot.publish(
                catalog,
                state=self.state(catalog),
                documents={**self.documents(), **(documents or {})},
                published_at=now.isoformat(timespec="seconds"),
            )

    def as_of(self, catalog: Catalog) -> date | None:
        """Return the last complete day in the store; None where it is empty."""
        found = catalog.one("SELECT max(day) FROM rollup_day")
        return None if found is None else found[0]

    def documents(self) -> dict[str, Any]:
        """Return the workspace's own papers that pages need: dossiers, assumptions."""
        return {
            "dossiers": [_yaml(path) for path in sorted(self.layout.root.glob("dossiers/*.yaml"))],
            "assumptions": {
                path.stem: _yaml(path)
                for path in sorted(self.layout.root.glob("assumptions/*.yaml"))
            },
        }

    def status(self) -> dict[str, Any]:
        """Return what the workspace holds, what it cost and what is not priced."""
        with self.reader() as catalog:
            facts = self.state(catalog)
            costs = catalog.query(
                "SELECT sum(list_cost_usd) AS list_cost_usd, sum(contract_cost_usd) AS "
                "contract_cost_usd, sum(reported_cost_usd) AS reported_cost_usd FROM daily_cost"
            ).to_pylist()[0]
            outcomes = catalog.query(
                "SELECT count(*) AS units, count_if(NOT matched) AS unmatched FROM outcome_unit"
            ).to_pylist()[0]
        return {
            **facts,
            **{name: None if value is None else str(value) for name, value in costs.items()},
            "units_with_outcome": outcomes["units"],
            "outcomes_unmatched": outcomes["unmatched"],
        }

    def prices(self, *, model: str | None = None) -> pa.Table:
        """Return the price book as imported, or the rows of one model."""
        with self.reader() as catalog:
            return catalog.prices(model=model)

    def state(self, catalog: Catalog) -> dict[str, Any]:
        """Return what every page says of its data."""
        row = catalog.one(
            "SELECT CAST(max(day) AS VARCHAR), CAST(min(day) AS VARCHAR), "
            "CAST(coalesce(sum(requests), 0) AS BIGINT), "
            "CAST(coalesce(sum(unpriced_requests), 0) AS BIGINT), "
            "CAST(coalesce(sum(partial_requests), 0) AS BIGINT) FROM rollup_day"
        )
        counts = catalog.one("SELECT coalesce(sum(quarantined), 0)::BIGINT, count(*) FROM manifest")
        assert row is not None
        assert counts is not None
        return {
            "workspace": self.layout.root.name,
            "as_of": row[0],
            "first_day": row[1],
            "requests": row[2],
            "unpriced_requests": row[3],
            "partial_requests": row[4],
            "quarantined": counts[0],
            "batches": counts[1],
            "synthetic": (self.layout.root / "SYNTHETIC").exists(),
        }

    def verify(self) -> list[str]:
        """Check the store against itself; return a sentence for each thing that is wrong."""
        found = [*segments.damage(self.layout), *certificates.problems(self.layout)]
        if found:
            return found
        with self.reader(locked=False) as catalog:
            return [*_miscounts(catalog)]

    def rebuild(self) -> None:
        """Delete the derived DuckDB file and make it again from the immutable files."""
        if self.layout.database.exists():
            with Catalog.open(self.layout):
                pass
        for path in self.layout.store.glob("workbench.duckdb*"):
            path.unlink()
        with self._writer():
            pass

    # For analysts -------------------------------------------------------------------------

    def sql(self, query: str) -> pa.Table:
        """Run one read-only query over the views and return its rows."""
        with self.reader() as catalog:
            return catalog.query(query)

    def usage(self) -> "pl.LazyFrame":
        """Return the metering rows as a lazy frame over the listed segments."""
        with self.reader(locked=False) as catalog:
            listed = catalog.files_of("usage")
        import polars as pl  # a third of a second that no command needs

        if not listed:
            return pl.LazyFrame()
        return pl.scan_parquet(listed)


def utc_now() -> datetime:
    """Return the clock as aware UTC; for `cli` and notebooks, which may read it."""
    return datetime.now(tz=UTC)


def _yaml(path: Path) -> Any:  # noqa: ANN401
    try:
        return yaml.safe_load(path.read_text())
    except (OSError, yaml.YAMLError) as error:
        raise InputError(f"{path}: not readable as YAML ({str(error)[:200]}).") from error


def _known(catalog: Catalog, committed: Sequence[Mapping[str, Any]]) -> list[KnownSource]:
    stored = [
        KnownSource(
            source_id=row[0], sha256=row[1], prefix_sha256=row[2], byte_length=row[3],
            records=row[4], format=row[5], constants=json.loads(row[6]),
        )
        for row in catalog.known_sources()
    ]  # fmt: skip
    fresh = [
        KnownSource(**{name: one[name] for name in KnownSource.__dataclass_fields__})
        for one in committed
    ]
    return stored + fresh


def _is_latest(one: PriceImport, held: Sequence[PriceImport]) -> bool:
    """Say whether the newest import of the same source already says the same."""
    same = [other for other in held if (other.layer, other.source) == (one.layer, one.source)]
    return bool(same) and max(same, key=lambda other: other.known_from).rows == one.rows


def _space_for(path: Path) -> int:
    """Return bytes a file may need while it is read: three times its size, and some."""
    return 3 * path.stat().st_size + (16 << 20) if path.is_file() else 0


def _existing(
    catalog: Catalog, layout: Layout, committed: Sequence[Mapping[str, Any]], *, kind: str
) -> str | None:
    """Return SQL for the rows already stored, those of this command included."""
    fresh = [
        str(layout.store / entry["file"])
        for one in committed
        if one["kind"] == kind
        for entry in one["segments"]
    ]
    if not fresh and not catalog.files_of(kind):
        return None
    return catalog.relation(kind, extra=fresh)


def _commit(layout: Layout, staged: Staged, *, now: datetime) -> dict[str, Any]:
    batch = {
        name: getattr(staged, name)
        for name in Staged.__dataclass_fields__
        if name not in ("segments", "quarantine")
    }
    batch["started_at"] = now.replace(tzinfo=None).isoformat()
    batch["finished_at"] = utc_now().replace(tzinfo=None).isoformat()
    moved = [
        segments.Segment(
            month=one.month, path=one.path, rows=one.rows,
            first=one.first.isoformat(), last=one.last.isoformat(),
        )
        for one in staged.segments
    ]  # fmt: skip
    return segments.commit(layout, batch=batch, segments=moved, quarantine=staged.quarantine)


def _miscounts(catalog: Catalog) -> Iterable[str]:
    checks = (
        ("rows of usage", "SELECT count(*) FROM usage", "SELECT sum(rows) FROM segment WHERE kind = 'usage'"),
        ("rows loaded", "SELECT sum(loaded) FROM manifest", "SELECT sum(rows) FROM segment"),
        ("priced rows", "SELECT count(*) FROM priced_usage", "SELECT count(*) FROM usage"),
        ("requests rolled up", "SELECT sum(requests) FROM rollup_day", "SELECT count(*) FROM usage"),
        ("contract cost rolled up", "SELECT sum(contract_pico) FROM rollup_day", "SELECT sum(CAST(contract_pico AS DECIMAL(38,0))) FROM priced_usage"),
        ("list cost by class", "SELECT sum(list_pico) FROM rollup_class", "SELECT sum(list_pico) FROM rollup_day"),
        ("quarantined records", "SELECT sum(quarantined) FROM manifest", "SELECT count(*) FROM quarantine"),
        ("unbalanced batches", "SELECT count(*) FROM manifest WHERE records <> loaded + duplicates + quarantined + skipped", "SELECT 0"),
    )  # fmt: skip
    for what, left, right in checks:
        one = catalog.one(left)
        other = catalog.one(right)
        a, b = (one or (None,))[0] or 0, (other or (None,))[0] or 0
        if a != b:
            yield f"{what}: {a} in one place, {b} in the other. Run `workbench rebuild`; if it stays, the files above are damaged."


_CONFIG = """# A workspace of the workbench. Money is US dollars; days, months and closes are UTC.
name = {name}
reporting_currency = "USD"
reporting_timezone = "UTC"

[prices]
layers = [{layers}]
"""
