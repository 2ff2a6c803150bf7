"""Small logs and workspaces that tests of the whole path share."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from workbench.workspace import IngestReport, Workspace

NOW = datetime(2026, 11, 1, tzinfo=UTC)
START = datetime(2026, 9, 28, 12)  # noqa: DTZ001 - written with a Z behind it

MODELS = (("anthropic", "claude-sonnet-4-5"), ("openai", "gpt-4.1"), ("deepseek", "deepseek-chat"))


def requests(count: int, *, first: int = 0, step_s: int = 60) -> list[dict[str, Any]]:
    """Deterministic requests with ids, users, sessions, three models and rare meters."""
    rows = []
    for n in range(first, first + count):
        provider, model = MODELS[n % 3]
        rows.append(
            {
                "request_id": f"r{n}",
                "started_at": (START + timedelta(seconds=n * step_s)).isoformat() + "Z",
                "provider": provider,
                "model": model,
                "feature": f"feature-{n % 4}",
                "tenant": f"tenant-{n % 7}",
                "environment": "production" if n % 5 else "sandbox",
                "user_id": f"user-{n % 11}",
                "session_id": f"session-{n // 3}",
                "status": "error" if n % 50 == 0 else "ok",
                "latency_ms": 100 + n % 900,
                "uncached_input_tokens": 1000 + n % 777,
                "cache_read_tokens": (n % 4) * 500,
                "output_tokens": n % 300,
                "web_searches": 1 if n % 10 == 0 and n % 3 == 0 else 0,
            }
        )
    return rows


def write_jsonl(path: Path, rows: Iterable[dict[str, Any]]) -> Path:
    """Write rows as JSON lines and return the path."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def ingest(workspace: Workspace, *paths: Path, **options: Any) -> IngestReport:
    """Ingest files with a fixed clock; every file must be accepted."""
    report = workspace.ingest(list(paths), now=NOW, **options)
    assert report.failed == []
    return report


def one_row(workspace: Workspace, query: str) -> dict[str, Any]:
    """Return the only row of a query."""
    (row,) = workspace.sql(query).to_pylist()
    return row


TOTALS = (
    "SELECT count(*) AS requests, sum(contract_cost_usd) AS contract, sum(list_cost_usd) AS list, "
    "count_if(price_status = 'unpriced') AS unpriced, sum(output_tokens) AS output FROM priced_usage"
)
