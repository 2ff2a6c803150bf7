"""Do the places that hold the same total agree? One sentence for each that does not."""

from collections.abc import Iterator

from workbench.store.catalog import Catalog


def disagreements(catalog: Catalog) -> Iterator[str]:
    """Compare rows, rollups, manifest and quarantine; all views must exist."""
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
