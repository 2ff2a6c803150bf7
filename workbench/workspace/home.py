"""A workspace: opening it, its prices, its one transaction, publishing and checking."""

import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from workbench.errors import InputError
from workbench.ingest.formats import expand
from workbench.pricing.book import PriceBook
from workbench.pricing.rows import PriceImport
from workbench.pricing.sheet import read_sheet
from workbench.schema import LAYERS
from workbench.store import (
    certificates,
    erased,
    invoices,
    kept_rollups,
    publishing,
    segments,
    totals,
    upkeep,
)
from workbench.store.catalog import Catalog
from workbench.store.layout import Layout
from workbench.workspace import own_capacity, papers, price_imports, settings, transaction
from workbench.workspace.reading import Desk, IngestReport, Progress, Reading

if TYPE_CHECKING:
    import polars as pl


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
            text = settings.TEMPLATE.format(
                name=json.dumps(name or layout.root.name), layers=listed
            )
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
        catalog = self._catalog_of_this_version()
        try:
            segments.sweep(self.layout)
            price_imports.keep_shipped(catalog)
            pending = catalog.pending()
            if pending or transaction.is_due(catalog):
                transaction.apply(catalog, pending)
        except BaseException:
            catalog.connection.close()
            raise
        return catalog

    def _catalog_of_this_version(self) -> "Catalog":
        """Open the catalog; one of another version is made again from the segments."""
        catalog = Catalog.open(self.layout)
        if not catalog.is_this_version():
            catalog.connection.close()
            for path in self.layout.store.glob("workbench.duckdb*"):
                path.unlink()
            catalog = Catalog.open(self.layout)
        return catalog

    def reader(self, *, locked: bool = True) -> "Catalog":
        """Open the catalog for reading, with all views; mended first where that is needed."""
        if not self.layout.database.exists() or upkeep.is_unfinished(self.layout):
            with self._writer():
                pass
        catalog = Catalog.open(self.layout, read_only=True)
        if not catalog.is_current() or transaction.lacks_imports(catalog):
            catalog.connection.close()
            with self._writer():
                pass
            catalog = Catalog.open(self.layout, read_only=True)
        catalog.make_views()
        if locked:
            catalog.lock_down()
        return catalog

    # Prices -------------------------------------------------------------------------------

    def price_sources(self) -> PriceBook:
        """Return the book and the witnesses: all that any source says, to list and to compare."""
        return price_imports.with_witnesses(self.layout, self.book())

    def book(self) -> PriceBook:
        """Return the price book: every import of this workspace."""
        return price_imports.book_of(self.layout, self.price_layers())

    def price_layers(self) -> list[str]:
        """Return the price layers this workspace uses."""
        return price_imports.layers_of(self.layout)

    def settings(self) -> dict[str, Any]:
        """Return `workbench.toml`."""
        return settings.read(self.layout)

    def import_prices(self, paths: Iterable[Path], *, now: datetime) -> list[PriceImport]:
        """Import contract sheets and sheets of own capacity, and price all usage again with them.

        Raises
        ------
        PriceError
            If a sheet contradicts itself; nothing of the command is imported.
        """
        known_from, paths = now.replace(tzinfo=None), list(paths)
        own = own_capacity.read(paths, known_from=known_from)
        read = [read_sheet(path, known_from=known_from) for path in paths if path not in own]
        return self.add_prices(read, own)

    def add_prices(
        self, read: Sequence[PriceImport], own: own_capacity.Sheets | None = None
    ) -> list[PriceImport]:
        """Add imports to the book and price all usage again; return those that say something new.

        Raises
        ------
        PriceError
            If the book with them would contradict itself; then none is added.
        """
        with self._writer() as catalog:
            held = self.price_sources().imports
            new = [one for one in read if not price_imports.is_latest(one, held)]
            PriceBook([*held, *new])
            for one in new:
                price_imports.keep(self.layout, one)
            kept = own_capacity.keep(self.layout, own or {})
            transaction.apply(catalog, [])
        return [*new, *own_capacity.derived(self.layout, kept)]

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
        reading = Reading(fmt, constants or {}, self.layout.user_key.read_bytes())
        with self._writer() as catalog:
            desk = Desk(catalog, reading, now=now, dry_run=dry_run)
            found, told = expand([str(path) for path in paths]), 0
            for path in found:
                desk.read(path)
                told = _tell(progress, desk.report, told, len(found))
            desk.finish()
            _tell(progress, desk.report, told, len(found))
            if desk.committed:
                transaction.apply(catalog, desk.committed)
            segments.sweep(self.layout)
        return desk.report

    # Publishing and checking --------------------------------------------------------------

    def publish(self, *, now: datetime, documents: Mapping[str, Any] | None = None) -> Path:
        """Publish the rollups, the workspace's papers and `documents` for pages to read."""
        with self._writer() as catalog:
            return publishing.publish(
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
        return papers.papers_of(self.layout)

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

    def own_capacity(self) -> list[dict[str, Any]]:
        """Return where the bill of own accelerators went, by month and pool; see `by_month`."""
        with self.reader(locked=False) as catalog:
            return own_capacity.months(self.layout, catalog, through=self.as_of(catalog))

    def state(self, catalog: Catalog) -> dict[str, Any]:
        """Return what every page says of its data."""
        return {
            "workspace": self.layout.root.name,
            **totals.headline(catalog),
            "synthetic": (self.layout.root / "SYNTHETIC").exists(),
        }

    def verify(self) -> list[str]:
        """Check the store against itself; return a sentence for each thing that is wrong."""
        found = [
            *segments.damage(self.layout),
            *certificates.problems(self.layout),
            *invoices.damage(self.layout),
            *erased.damage(self.layout),
        ]
        found += kept_rollups.damage(self.layout) if not found else ()
        if found:
            return found
        with self.reader(locked=False) as catalog:
            return [*totals.disagreements(catalog)]

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
            groups = catalog.by_lacking(catalog.files_of("usage"))
        from workbench.workspace.frames import usage_frame  # Polars: no command needs it

        return usage_frame(groups)


def _tell(progress: Progress | None, report: IngestReport, told: int, files: int) -> int:
    """Report the files that were read since `told` of them had been; return how many there are."""
    if progress:
        for one in report.staged[told:]:
            progress(Path(one.path), one.records, files)
    return len(report.staged)
