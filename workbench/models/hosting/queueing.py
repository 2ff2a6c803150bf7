"""How long requests wait and how fast they are answered on a pool of batching replicas.

An event simulation of continuous batching: each replica runs iterations; an iteration decodes
one token for every request in the batch and prefills those it admits, which delays all.
Arrivals join the replica with the fewest requests. Runs of iterations in which nothing joins
or leaves are taken in one step, so the cost is per request, not per token.
"""

import heapq
import math
from collections import deque
from dataclasses import dataclass, field

import numpy as np

from workbench.errors import InputError
from workbench.models.hosting.workload import Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Replica:
    """What one replica can do."""

    max_batch: int
    """Requests decoded together at most."""
    step_s: float
    """Time of an iteration with an empty batch."""
    step_per_request_s: float
    """Additional time of an iteration for each request in the batch."""
    prefill_tokens_per_s: float
    first_token_overhead_s: float = 0.0
    """What a first token takes beside waiting and prefill: transport, scheduling, sampling."""

    def __post_init__(self) -> None:
        if self.max_batch < 1 or self.prefill_tokens_per_s <= 0:
            raise InputError("A replica needs a batch of at least 1 and a prefill rate above 0.")

    def full_batch_requests_per_s(self, *, input_tokens: float, output_tokens: float) -> float:
        """Return the requests a second at which the batch is always full.

        1 / (input / prefill rate + output * step(max_batch) / max_batch)
        """
        step = self.step_s + self.step_per_request_s * self.max_batch
        return 1 / (
            input_tokens / self.prefill_tokens_per_s + output_tokens * step / self.max_batch
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Requests:
    """A stream of requests in order of arrival."""

    arrived_s: Floats
    input_tokens: Floats
    output_tokens: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """What each request experienced, in order of arrival."""

    ttft_s: Floats
    tpot_s: Floats
    """(answer - first token) / (output tokens - 1); NaN for answers of one token."""
    finished_s: Floats
    replica: Floats
    left_waiting: int
    """Requests never finished; 0, as the simulation runs until all have left."""


def draw_requests(
    rng: np.random.Generator,
    *,
    requests: int,
    requests_per_s: float,
    cv: float,
    median_input_tokens: float,
    median_output_tokens: float,
    sigma: float,
) -> Requests:
    """Draw Gamma interarrival times of the given coefficient of variation, lognormal lengths."""
    shape = 1 / cv**2
    gaps = rng.gamma(shape, 1 / (shape * requests_per_s), requests)

    def lengths(median: float) -> Floats:
        return np.maximum(1, np.rint(median * np.exp(sigma * rng.standard_normal(requests))))

    return Requests(
        arrived_s=np.cumsum(gaps),
        input_tokens=lengths(median_input_tokens),
        output_tokens=lengths(median_output_tokens),
    )


def lognormal_sigma_from_capacity(
    replica: Replica,
    *,
    median_input_tokens: float,
    median_output_tokens: float,
    full_batch_requests_per_s: float,
) -> float:
    """Return the lognormal sigma at which mean lengths explain a measured full-batch rate.

    The mean of a lognormal is median * exp(sigma^2 / 2), and the rate falls in proportion:

        sigma = sqrt(2 ln(rate at the medians / rate measured))
    """
    at_medians = replica.full_batch_requests_per_s(
        input_tokens=median_input_tokens, output_tokens=median_output_tokens
    )
    if at_medians < full_batch_requests_per_s:
        raise InputError("The measured rate exceeds the rate at median lengths; no sigma fits.")
    return math.sqrt(2 * math.log(at_medians / full_batch_requests_per_s))


def simulate(replica: Replica, requests: Requests, *, replicas: int) -> Served:
    """Serve a stream on a pool, joining the shortest queue, until every request has left."""
    if replicas < 1:
        raise InputError(f"A pool needs at least one replica, not {replicas}.")
    total = len(requests.arrived_s)
    log = _Log(np.full(total, np.nan), np.full(total, np.nan))
    pool = [_Running(replica, requests, log) for _ in range(replicas)]
    chosen = np.zeros(total)
    for number, moment in enumerate(requests.arrived_s.tolist()):
        for running in pool:
            running.advance(moment)
        target = min(range(replicas), key=lambda n: pool[n].in_system)
        pool[target].join(number, moment)
        chosen[number] = target
    for running in pool:
        running.advance(math.inf)
    answered = requests.output_tokens - 1
    with np.errstate(divide="ignore", invalid="ignore"):
        tpot = np.where(answered > 0, (log.finished - log.first) / answered, np.nan)
    return Served(
        ttft_s=log.first - requests.arrived_s + replica.first_token_overhead_s,
        tpot_s=tpot,
        finished_s=log.finished,
        replica=chosen,
        left_waiting=int(np.isnan(log.finished).sum()),
    )


@dataclass(slots=True)
class _Log:
    first: Floats
    finished: Floats


@dataclass(slots=True)
class _Running:
    """One replica at work; `clock` is the end of its last iteration."""

    replica: Replica
    requests: Requests
    log: _Log
    clock: float = 0.0
    steps: int = 0
    waiting: deque[int] = field(default_factory=deque[int])
    batch: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])

    @property
    def in_system(self) -> int:
        return len(self.waiting) + len(self.batch)

    def join(self, number: int, moment: float) -> None:
        if not self.in_system:
            self.clock = max(self.clock, moment)
        self.waiting.append(number)

    def advance(self, until: float) -> None:
        """Run iterations that begin before `until`."""
        while self.clock < until and self.in_system:
            if self.waiting and len(self.batch) < self.replica.max_batch:
                self._admit()
            else:
                self._decode(until)

    def _admit(self) -> None:
        """Run one iteration that prefills the next request and decodes the batch."""
        number = self.waiting.popleft()
        decoding = len(self.batch)
        self.clock += float(self.requests.input_tokens[number]) / self.replica.prefill_tokens_per_s
        if decoding:
            self.clock += self.replica.step_s + self.replica.step_per_request_s * decoding
            self.steps += 1
        self.log.first[number] = self.clock
        heapq.heappush(
            self.batch, (self.steps + int(self.requests.output_tokens[number]) - 1, number)
        )
        self._leave()

    def _decode(self, until: float) -> None:
        """Run iterations until one request leaves or `until` is reached."""
        step = self.replica.step_s + self.replica.step_per_request_s * len(self.batch)
        to_go = self.batch[0][0] - self.steps
        if math.isfinite(until) and step > 0:
            to_go = min(to_go, max(1, math.ceil((until - self.clock) / step)))
        self.clock += to_go * step
        self.steps += to_go
        self._leave()

    def _leave(self) -> None:
        while self.batch and self.batch[0][0] <= self.steps:
            self.log.finished[heapq.heappop(self.batch)[1]] = self.clock
