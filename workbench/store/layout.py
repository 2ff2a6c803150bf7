"""Where everything of a workspace lies on disk: one place that knows folder names."""

from dataclasses import dataclass
from pathlib import Path

NO_MONTH = "none"
"""Folder of sidecars of batches that hold no row (all duplicates, skipped or quarantined)."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Folders and files of one workspace; `root` holds `workbench.toml`."""

    root: Path

    @property
    def config(self) -> Path:
        """The workspace's settings."""
        return self.root / "workbench.toml"

    @property
    def store(self) -> Path:
        """Everything the workbench writes; readable by its owner alone."""
        return self.root / "store"

    @property
    def database(self) -> Path:
        """Derived DuckDB file: catalog, price book, rollups. `rebuild` makes it again."""
        return self.store / "workbench.duckdb"

    @property
    def staging(self) -> Path:
        """Half-written files of a running command; swept when the store is opened."""
        return self.store / "staging"

    @property
    def imports(self) -> Path:
        """Immutable price imports."""
        return self.store / "prices" / "imports"

    @property
    def witnesses(self) -> Path:
        """Immutable imports of what other sources publish; they price nothing."""
        return self.store / "prices" / "witnesses"

    @property
    def invoices(self) -> Path:
        """Immutable invoices, as imported."""
        return self.store / "invoices"

    @property
    def capacity(self) -> Path:
        """Immutable sheets of own accelerators paid for by the hour."""
        return self.store / "prices" / "capacity"

    @property
    def offers(self) -> Path:
        """Immutable sheets of capacity that a contract offers."""
        return self.store / "prices" / "offers"

    @property
    def own_prices(self) -> Path:
        """Prices of self-hosted tokens, derived from those sheets and the usage."""
        return self.store / "prices" / "own"

    @property
    def closed_own_prices(self) -> Path:
        """Those that a month was closed with and that usage has moved since."""
        return self.own_prices / "closed"

    @property
    def closes(self) -> Path:
        """Immutable closed months."""
        return self.store / "closes"

    @property
    def audit(self) -> Path:
        """Immutable audit events, one hash chain."""
        return self.store / "audit"

    @property
    def content(self) -> Path:
        """Prompt and response text: a folder per data class."""
        return self.store / "content"

    @property
    def snapshots(self) -> Path:
        """Published read-only snapshots and the pointer to the current one."""
        return self.store / "snapshots"

    @property
    def secrets(self) -> Path:
        """Keys made by `init`; never inside the store or a snapshot."""
        return self.root / ".secrets"

    @property
    def user_key(self) -> Path:
        """Key of the user hashes."""
        return self.secrets / "user-hash.key"

    @property
    def signing_key(self) -> Path:
        """Ed25519 private key of certificates."""
        return self.secrets / "signing.pem"

    def rows(self, kind: str) -> Path:
        """Folder of the segments of a kind: `usage` or `outcomes`."""
        return self.store / kind

    def make(self) -> None:
        """Create the folders; the store is readable by its owner alone."""
        for folder in (
            self.store,
            self.staging,
            self.imports,
            self.closes,
            self.audit,
            self.snapshots,
            self.rows("usage"),
            self.rows("outcomes"),
        ):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.store.chmod(0o700)
