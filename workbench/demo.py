"""A workspace built from synthetic sample logs, so that a newcomer sees every page alive."""

import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import groupby
from pathlib import Path

from workbench.answers import Source, content, reconciliation
from workbench.answers.locking import move_register
from workbench.answers.publish import publish
from workbench.answers.vintages import locked_versions
from workbench.errors import InputError
from workbench.playbook.assumptions.scenarios import parse_register
from workbench.samples import ingest_plan, texts, write_samples
from workbench.samples.assumptions import NAME, WRITTEN_FOR, earlier_register
from workbench.samples.catalogue import FIRST_DAY, LAST_DAY
from workbench.samples.invoices import write_invoices
from workbench.workspace import Workspace

SIGNING = (
    ("draft", "platform owner"), ("submit", "platform owner"),
    ("approve", "finance lead"), ("lock", "finance lead"),
)  # fmt: skip
MADE_AFTERWARDS = "SYNTHETIC: locked while the demo was made, from days up to this date alone"
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
    loaded, refused = _ingest(workspace, folder, now=now)
    yield f"{loaded:,} rows ingested and priced, {refused} quarantined", time.perf_counter() - begun

    begun = time.perf_counter()
    sheet = write_invoices(folder, workspace.sql(_METERED).to_pylist())
    taken = reconciliation.take(workspace, [sheet], provider=None, now=now)
    charges = sum(len(one.lines) for one, _ in taken)
    yield f"{charges} synthetic invoice charges imported", time.perf_counter() - begun

    begun = time.perf_counter()
    locked = lock_earlier_envelopes(workspace, scale=requests / WRITTEN_FOR)
    yield (
        f"{locked} earlier envelopes locked, each from the days before it",
        time.perf_counter() - begun,
    )

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


def _ingest(workspace: Workspace, folder: Path, *, now: datetime) -> tuple[int, int]:
    """Read all sample logs; return rows loaded and quarantined.

    Files that are read alike go in one command, since every command rolls up the days it touches.
    """
    loaded = refused = 0
    for (fmt, constants), plans in groupby(ingest_plan(folder), key=lambda one: one[1:]):
        paths = [path for path, *_ in plans]
        report = workspace.ingest(paths, now=now, fmt=fmt, constants=constants)
        loaded += report.loaded
        refused += sum(one.quarantined for one in report.staged)
        if report.failed:
            raise InputError("; ".join(text for _, text in report.failed))
    return loaded, refused


def lock_earlier_envelopes(workspace: Workspace, *, scale: float) -> int:
    """Lock the envelope of every month but the first on the day before it; return how many.

    Each is drawn with the days up to its lock alone and signed as any other version, so how they
    held is a record and not an arrangement. Those there already are left as they are.
    """
    there = {one["locked_on"] for one in locked_versions(workspace.layout.root, NAME)}
    locked = 0
    with workspace.reader() as catalog:
        for year, month in _months(FIRST_DAY, LAST_DAY):
            begins = date(year, month, 1)
            on = begins - timedelta(days=1)
            if on.isoformat() in there:
                continue
            source = Source(workspace, catalog, on)
            written = earlier_register(scale, f"{begins:%Y-%m}", on.isoformat())
            register = parse_register(written, name="earlier envelope")
            for step, by in SIGNING:
                move_register(source, step, register, by=by, on=on, note=MADE_AFTERWARDS)
            locked += 1
    return locked


def _months(first: date, last: date) -> Iterator[tuple[int, int]]:
    """Months that began within a span."""
    at = first.year * 12 + first.month
    while at < last.year * 12 + last.month:
        yield at // 12, at % 12 + 1
        at += 1


def _ask_for(folder: Path, data_class: str) -> None:
    """Let the workspace keep the text of one data class, where it does not say yet."""
    config = folder / "workbench.toml"
    text = config.read_text(encoding="utf-8")
    if "\n[content]" not in text:
        config.write_text(f'{text}\n[content]\nkeep = ["{data_class}"]\n', encoding="utf-8")
