"""How fast and at what price traffic moves to the backup: one failover drill, measured.

Requests go to the first endpoint until it fails too often in a row, then all of them go to the
second. Both speak the OpenAI chat completions API. Nothing of the answers is kept but counts.
"""

import http.client
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from workbench.errors import InputError
from workbench.units import SECONDS_PER_HOUR, TOKENS_PER_MTOK

LARGEST_ANSWER_BYTES = 4_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One OpenAI-compatible endpoint and its prices."""

    name: str
    base_url: str
    """Up to and without /chat/completions."""
    model: str
    input_usd_per_mtok: float
    output_usd_per_mtok: float
    api_key: str = field(default="", repr=False)
    timeout_seconds: float = 30.0

    def __post_init__(self) -> None:
        parts = urlsplit(self.base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InputError(f"Endpoint {self.name}: {self.base_url!r} is no http(s) address.")


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillRecord:
    """What one drill measured: the evidence in the exit plan."""

    started_at: str
    """UTC, ISO 8601."""
    source: str
    target: str
    requests: int
    failed_requests: int
    served_by_target: int
    moved: bool
    failover_seconds: float | None
    """From the first failed request to the first one the target served; None if none was."""
    cost_usd: float
    cost_usd_at_target: float
    is_synthetic: bool
    """Against stand-ins: shown as such, never evidence, never recalibrates."""

    @property
    def is_evidence(self) -> bool:
        """True when traffic really moved between real providers."""
        return self.moved and not self.is_synthetic


def run_drill(
    source: Endpoint,
    target: Endpoint,
    prompts: Sequence[str],
    *,
    now: Callable[[], datetime],
    seconds: Callable[[], float],
    failures_before_move: int = 3,
    is_synthetic: bool,
) -> DrillRecord:
    """Send prompts, move when the source fails, and measure what that took.

    Parameters
    ----------
    source, target
        Who serves, and who stands by.
    prompts
        One request each; a failed one is sent again to whoever serves then.
    now, seconds
        The wall clock (UTC) and a clock that never goes back.
    failures_before_move
        Failed requests in a row before traffic moves.
    is_synthetic
        True where either endpoint is a stand-in.

    Raises
    ------
    InputError
        If there is nothing to send, or the target fails as well.
    """
    if not prompts or failures_before_move < 1:
        raise InputError("A drill needs prompts, and at least one failure before it moves.")
    started = now()
    run = _Run(source=source, target=target, seconds=seconds, patience=failures_before_move)
    for prompt in prompts:
        run.serve(prompt)
    return DrillRecord(
        started_at=started.isoformat(),
        source=f"{source.name}/{source.model}",
        target=f"{target.name}/{target.model}",
        requests=len(prompts),
        failed_requests=run.failed,
        served_by_target=run.served_by_target,
        moved=run.has_moved,
        failover_seconds=run.failover_seconds,
        cost_usd=run.cost_usd,
        cost_usd_at_target=run.cost_usd_at_target,
        is_synthetic=is_synthetic,
    )


@dataclass(slots=True, kw_only=True)
class _Run:
    source: Endpoint
    target: Endpoint
    seconds: Callable[[], float]
    patience: int
    has_moved: bool = False
    failed: int = 0
    in_a_row: int = 0
    first_failure: float | None = None
    failover_seconds: float | None = None
    served_by_target: int = 0
    cost_usd: float = 0.0
    cost_usd_at_target: float = 0.0

    def serve(self, prompt: str) -> None:
        while not self.has_moved:
            cost = ask(self.source, prompt)
            if cost is not None:
                self.in_a_row = 0
                self.first_failure = None
                self.cost_usd += cost
                return
            self._fail()
        cost = ask(self.target, prompt)
        if cost is None:
            raise InputError(
                f"Endpoint {self.target.name} failed as well: the drill shows no way out. "
                "Check its address, key and model, and run the drill again."
            )
        if self.failover_seconds is None and self.first_failure is not None:
            self.failover_seconds = self.seconds() - self.first_failure
        self.served_by_target += 1
        self.cost_usd += cost
        self.cost_usd_at_target += cost

    def _fail(self) -> None:
        if self.first_failure is None:
            self.first_failure = self.seconds()
        self.failed += 1
        self.in_a_row += 1
        self.has_moved = self.in_a_row >= self.patience


def ask(endpoint: Endpoint, prompt: str) -> float | None:
    """Send one chat request; return its cost in US dollars, or None if it was not served."""
    parts = urlsplit(endpoint.base_url)
    secure = parts.scheme == "https"
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=endpoint.timeout_seconds)
    body = {"model": endpoint.model, "messages": [{"role": "user", "content": prompt}]}
    headers = {"Content-Type": "application/json"}
    if endpoint.api_key:
        headers["Authorization"] = f"Bearer {endpoint.api_key}"
    path = f"{parts.path.rstrip('/')}/chat/completions"
    try:
        connection.request("POST", path, json.dumps(body), headers)
        response = connection.getresponse()
        answer = response.read(LARGEST_ANSWER_BYTES)
        if response.status != http.client.OK:
            return None
        return _cost_usd(endpoint, json.loads(answer)["usage"])
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
        # Whatever goes wrong between asking and a metered answer is a request not served.
        return None
    finally:
        connection.close()


def _cost_usd(endpoint: Endpoint, usage: Mapping[str, Any]) -> float:
    usd = (
        int(usage["prompt_tokens"]) * endpoint.input_usd_per_mtok
        + int(usage["completion_tokens"]) * endpoint.output_usd_per_mtok
    )
    return usd / TOKENS_PER_MTOK


def write_drill(record: DrillRecord, folder: Path) -> Path:
    """Write a drill as a file of its own, which is never overwritten.

    Raises
    ------
    InputError
        If the drill is on file already.
    """
    folder.mkdir(parents=True, exist_ok=True)
    stamp = record.started_at.replace(":", "").replace("-", "")
    path = folder / f"drill-{stamp}.json"
    try:
        with path.open("x", encoding="utf-8") as file:
            json.dump(asdict(record), file, indent=2, sort_keys=True)
            file.write("\n")
    except FileExistsError as error:
        raise InputError(f"{path} is on file already; a drill is never overwritten.") from error
    return path


def read_drills(folder: Path) -> list[DrillRecord]:
    """Return the drills on file, the oldest first."""
    found = []
    for path in sorted(folder.glob("drill-*.json")):
        try:
            found.append(DrillRecord(**json.loads(path.read_text(encoding="utf-8"))))
        except (ValueError, TypeError) as error:
            raise InputError(f"{path} is no drill record ({error}). Move it away.") from error
    return sorted(found, key=lambda one: one.started_at)


def measured_failover_hours(records: Iterable[DrillRecord]) -> float | None:
    """Return the failover time of the newest drill that is evidence; None without one.

    Examples
    --------
    >>> measured_failover_hours([]) is None
    True
    """
    evidence = [one for one in records if one.is_evidence and one.failover_seconds is not None]
    if not evidence:
        return None
    newest = max(evidence, key=lambda one: one.started_at)
    return (newest.failover_seconds or 0.0) / SECONDS_PER_HOUR


def failover_success(records: Iterable[DrillRecord]) -> tuple[int, int]:
    """Return how many real drills moved the traffic, of how many were held."""
    real = [one for one in records if not one.is_synthetic]
    return sum(one.moved for one in real), len(real)
