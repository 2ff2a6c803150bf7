"""Writes the synthetic samples: logs in real formats, outcomes, prices and paperwork.

Everything follows from one seed; the same seed writes the same bytes.
"""

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import polars as pl

from workbench.samples import formats
from workbench.samples.catalogue import (
    BRAND_FILE,
    CONTRACT_FILE,
    FEATURES,
    FIRST_DAY,
    GATEWAY_FILE,
    LAST_DAY,
    LAYOUT_FILE,
    OUTCOMES_FILE,
    PAGES_FILE,
    SESSIONS_FOLDER,
    STUDIO_FILE,
    SUPPORT_FILE,
    UNPRICED_MODEL,
)
from workbench.samples.paperwork import write_paperwork
from workbench.samples.texts import DATA_CLASS, TEXTS_FILE, write_texts
from workbench.samples.traffic import draw_requests
from workbench.samples.work_items import UNMATCHED_OUTCOMES, draw_outcomes

LOGS_FOLDER = "logs"
CONTENT_FOLDER = "texts"
"""Prompts and answers lie apart from the usage logs: another command reads them."""
SUMMARY_FILE = "summary.json"
METERS = (*formats.TEXT_METERS, "images", "pages")

Plan = tuple[Path, str | None, dict[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSummary:
    """What an ingest of one file must find."""

    path: str
    """Below the samples folder; a folder stands for all files in it."""
    format: str
    loaded: int
    """Rows of usage, or of outcomes."""
    duplicates: int = 0
    quarantined: int = 0
    meters: dict[str, int]
    """Sum of each meter over the loaded rows, zeros left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleSummary:
    """What was written, to be counted against."""

    seed: int
    requests: int
    first_day: str
    last_day: str
    features: int
    tenants: int
    unpriced_model: str
    unpriced_requests: int
    unmatched_outcomes: int
    files: tuple[FileSummary, ...]


def write_samples(folder: Path, *, seed: int = 7, requests: int = 200_000) -> SampleSummary:
    """Write six months of synthetic requests below `folder` and say what they hold.

    Makes `logs/` (eight sources), `texts/`, `prices/contract-prices.csv`, `dossiers/*.yaml`,
    `assumptions/*.yaml` and `summary.json`. Files of the same names are replaced.

    Parameters
    ----------
    folder
        Where to write; made if it is not there.
    seed
        The same seed and number of requests give the same bytes.
    requests
        Attempts in all formats together, retries included; at least 2,000.

    Raises
    ------
    ValueError
        If there are too few requests for every feature to have some.
    """
    if requests < 2_000:
        raise ValueError(f"requests must be at least 2,000, got {requests}")
    rng = np.random.default_rng(seed)
    frame = draw_requests(rng, requests=requests)
    outcomes = draw_outcomes(rng, frame)
    logs = folder / LOGS_FOLDER
    shutil.rmtree(logs / SESSIONS_FOLDER, ignore_errors=True)
    logs.mkdir(parents=True, exist_ok=True)
    files = _write_logs(logs, frame, rng)
    formats.write_outcomes(logs / OUTCOMES_FILE, outcomes)
    write_texts(folder / CONTENT_FOLDER / TEXTS_FILE, frame, np.random.default_rng(seed + 1))
    files.append(
        FileSummary(
            path=f"{LOGS_FOLDER}/{OUTCOMES_FILE}",
            format="outcomes",
            loaded=outcomes.height,
            meters={},
        )
    )
    write_paperwork(folder, requests=requests)
    summary = SampleSummary(
        seed=seed,
        requests=requests,
        first_day=FIRST_DAY.isoformat(),
        last_day=LAST_DAY.isoformat(),
        features=len(FEATURES),
        tenants=frame["tenant"].n_unique(),
        unpriced_model=UNPRICED_MODEL,
        unpriced_requests=frame.filter(pl.col("model") == UNPRICED_MODEL).height,
        unmatched_outcomes=UNMATCHED_OUTCOMES,
        files=tuple(files),
    )
    (folder / SUMMARY_FILE).write_text(json.dumps(asdict(summary), indent=1) + "\n")
    return summary


def _write_logs(logs: Path, frame: pl.DataFrame, rng: np.random.Generator) -> list[FileSummary]:
    parts = {str(name): part for (name,), part in frame.group_by("file", maintain_order=True)}
    duplicates, malformed = formats.write_own_jsonl(logs / SUPPORT_FILE, parts[SUPPORT_FILE], rng)
    formats.write_own_parquet(logs / STUDIO_FILE, parts[STUDIO_FILE])
    formats.write_own_csv(logs / PAGES_FILE, parts[PAGES_FILE])
    formats.write_litellm(logs / GATEWAY_FILE, parts[GATEWAY_FILE])
    formats.write_otlp(logs / LAYOUT_FILE, parts[LAYOUT_FILE])
    formats.write_otlp(logs / BRAND_FILE, parts[BRAND_FILE])
    formats.write_claude_code(logs / SESSIONS_FOLDER, parts[SESSIONS_FOLDER])
    made = {
        SUPPORT_FILE: ("workbench", duplicates, malformed),
        STUDIO_FILE: ("workbench", 0, 0),
        PAGES_FILE: ("workbench", 0, 0),
        GATEWAY_FILE: ("litellm", 0, 0),
        LAYOUT_FILE: ("otlp", 0, 0),
        BRAND_FILE: ("otlp", 0, 0),
        SESSIONS_FOLDER: ("claude_code", parts[SESSIONS_FOLDER].height, 0),
    }
    return [
        FileSummary(
            path=f"{LOGS_FOLDER}/{name}",
            format=kind,
            loaded=parts[name].height,
            duplicates=repeated,
            quarantined=broken,
            meters=_meter_sums(parts[name]),
        )
        for name, (kind, repeated, broken) in made.items()
    ]


def _meter_sums(frame: pl.DataFrame) -> dict[str, int]:
    sums = frame.select(pl.col(meter).sum() for meter in METERS).row(0, named=True)
    return {meter: value for meter, value in sums.items() if value}


def ingest_plan(folder: Path) -> list[Plan]:
    """Return what to ingest and how: path, format (None: recognised), constants to set."""
    logs = folder / LOGS_FOLDER
    return [
        (logs / SUPPORT_FILE, None, {}),
        (logs / STUDIO_FILE, None, {}),
        (logs / PAGES_FILE, None, {}),
        (logs / GATEWAY_FILE, None, {}),
        (logs / LAYOUT_FILE, None, {"team": "studio"}),
        (logs / BRAND_FILE, None, {"team": "brand"}),
        (
            logs / SESSIONS_FOLDER,
            None,
            {
                "feature": "code-assistant",
                "team": "engineering",
                "tenant": "internal",
                "environment": "production",
            },
        ),
        (logs / OUTCOMES_FILE, "outcomes", {}),
    ]


def price_sheets(folder: Path) -> list[Path]:
    """Return the contract sheets that were written."""
    return [folder / "prices" / CONTRACT_FILE]


def texts(folder: Path) -> tuple[Path, str]:
    """Return the prompts and answers that were written, and their data class."""
    return folder / CONTENT_FOLDER / TEXTS_FILE, DATA_CLASS
