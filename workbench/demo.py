"""A workspace built from synthetic sample logs, so that a newcomer sees every page alive."""

import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from workbench.answers import content, reconciliation
from workbench.answers.publish import publish
from workbench.errors import InputError
from workbench.samples import ingest_plan, texts, write_samples
from workbench.samples.invoices import write_invoices
from workbench.workspace import Workspace

MARK = "SYNTHETIC"
"""File in a workspace whose figures are invented; every page then says so."""

_METERED = """SELECT strftime(day, '%Y-%m') AS month, provider, model, sum(contract_cost_usd) AS usd
    FROM daily_cost WHERE contract_cost_usd IS NOT NULL
    GROUP BY month, provider, model ORDER BY month, provider, model"""


def build(folder: Path, *, requests: int, now: datetime) -> Iterator[tuple[str, float]]:
    """Make the demo workspace step by step; yield each step's sentence and its seconds.

    A demo workspace that is already there is completed, never doubled: the logs are the same
    bytes, so reading them again changes nothing.

    Raises
    ------
    InputError
        If `folder` is a workspace that is not synthetic.
    """
    if (folder / "workbench.toml").exists() and not (folder / MARK).exists():
        raise InputError(f"{folder} holds a real workspace. Name another folder for the demo.")
    begun = time.perf_counter()
    workspace = Workspace.init(folder, name="Synthetic demo")
    (folder / MARK).write_text("All figures of this workspace are invented.\n")
    yield "workspace made, price book imported", time.perf_counter() - begun

    begun = time.perf_counter()
    summary = write_samples(folder, requests=requests)
    yield f"{summary.requests:,} synthetic requests written as logs", time.perf_counter() - begun

    begun = time.perf_counter()
    sheets = sorted((folder / "prices").glob("*.csv"))
    workspace.import_prices(sheets, now=now)
    yield f"{len(sheets)} contract price sheet imported", time.perf_counter() - begun

    begun = time.perf_counter()
    loaded = refused = 0
    for path, fmt, constants in ingest_plan(folder):
        report = workspace.ingest([path], now=now, fmt=fmt, constants=constants)
        loaded += report.loaded
        refused += sum(one.quarantined for one in report.staged)
        if report.failed:
            raise InputError("; ".join(text for _, text in report.failed))
    yield f"{loaded:,} rows ingested and priced, {refused} quarantined", time.perf_counter() - begun

    begun = time.perf_counter()
    sheet = write_invoices(folder, workspace.sql(_METERED).to_pylist())
    taken = reconciliation.take(workspace, [sheet], provider=None, now=now)
    charges = sum(len(one.lines) for one, _ in taken)
    yield f"{charges} synthetic invoice charges imported", time.perf_counter() - begun

    begun = time.perf_counter()
    path, data_class = texts(folder)
    _ask_for(folder, data_class)
    kept = content.read(workspace, [path], now=now)
    rows, redacted = sum(kept.kept.values()), sum(kept.redacted.values())
    yield (
        f"{rows:,} synthetic prompts and answers kept, {redacted} finds redacted",
        time.perf_counter() - begun,
    )

    begun = time.perf_counter()
    path = publish(workspace, now=now)
    yield f"snapshot {path.name} published", time.perf_counter() - begun


def _ask_for(folder: Path, data_class: str) -> None:
    """Let the workspace keep the text of one data class, where it does not say yet."""
    config = folder / "workbench.toml"
    text = config.read_text(encoding="utf-8")
    if "\n[content]" not in text:
        config.write_text(f'{text}\n[content]\nkeep = ["{data_class}"]\n', encoding="utf-8")
