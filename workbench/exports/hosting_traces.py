"""Hosting answered end to end on arrival traces: `workbench model hosting --study [FOLDER]`.

With a folder that holds the Azure LLM inference trace and the ServeGen hourly table the answer
is on real traffic; without one it is on a synthetic stand-in of the same shape, and says so.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import numpy as np

from workbench.errors import InputError
from workbench.exports.hosting_study import decision_document, study_document
from workbench.models.hosting.growth import demand_draws
from workbench.models.hosting.workload import Floats
from workbench.units import HOURS_PER_MONTH, SECONDS_PER_HOUR, TOKENS_PER_MTOK

AZURE: Final = "AzureLLMInferenceTrace_conv.csv"
SERVEGEN: Final = "servegen/servegen_model_requests_hourly.csv"
SERVEGEN_MODEL: Final = "m-large"
REQUESTS_PER_S: Final = 10.0
"""Mean rate the fortnight is scaled to: the table gives its shape."""
PRICES: Final = {
    "usd_per_gpu_hour": 2.95, "api_usd_per_mtok_input": 0.6, "api_usd_per_mtok_output": 0.8,
}  # fmt: skip
"""Lowest confirmed on-demand H100 of data/reference/gpu_rental; the API's prices are inputs."""
CONFIGURATION: Final = {
    "model_path": "meta-llama/Llama-3.1-70B", "system": "h100_sxm", "backend": "vllm",
    "precision": "fp8", "tp_size": 2, "batch_size": 64,
}  # fmt: skip
MONTHS: Final = 24


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Traces:
    """Arrivals and lengths of an hour, and the requests of each hour of a fortnight."""

    arrived_s: Floats
    input_tokens: Floats
    output_tokens: Floats
    requests_by_hour: Floats
    source: str


def real_traces(folder: Path) -> Traces:
    """Read the Azure hour and the ServeGen fortnight.

    Raises
    ------
    InputError
        If a file is not there or not of its published form.
    """
    try:
        with (folder / AZURE).open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        with (folder / SERVEGEN).open(newline="", encoding="utf-8") as file:
            hours = [float(row[SERVEGEN_MODEL]) for row in csv.DictReader(file)]
        arrived = [
            datetime.fromisoformat(row["TIMESTAMP"][:26] + "+00:00").timestamp() for row in rows
        ]
        lengths = [(float(row["ContextTokens"]), float(row["GeneratedTokens"])) for row in rows]
    except (OSError, KeyError, ValueError) as error:
        raise InputError(
            f"{folder}: needs {AZURE} and {SERVEGEN} in their published form ({error!r}). "
            "Without a folder the study runs on a synthetic stand-in."
        ) from error
    return _traces(arrived, lengths, hours, source="Azure conversation trace and ServeGen m-large")


def synthetic_traces(*, seed: int = 5) -> Traces:
    """Return a made-up hour of bursty arrivals and a fortnight with days and weekends."""
    rng = np.random.default_rng(seed)
    gaps = rng.gamma(shape=0.5, scale=2 * 3_600 / 15_000, size=15_000)  # CV 1.4
    lengths = np.column_stack(
        [rng.lognormal(6.7, 0.7, size=15_000), rng.lognormal(5.1, 0.7, size=15_000)]
    )
    hour = np.arange(14 * 24)
    day = 1 + 0.6 * np.sin((hour % 24 - 9) / 24 * 2 * np.pi)
    return _traces(
        np.cumsum(gaps), np.maximum(lengths, 1).round(), day * np.where(hour // 24 % 7 < 5, 1, 0.5),
        source="synthetic stand-in (made up; no real traffic)",
    )  # fmt: skip


def _traces(arrived: Any, lengths: Any, hours: Any, *, source: str) -> Traces:  # noqa: ANN401
    by_hour = np.asarray(hours, dtype=float)
    tokens = np.asarray(lengths, dtype=float)
    return Traces(
        arrived_s=np.asarray(arrived, dtype=float),
        input_tokens=tokens[:, 0],
        output_tokens=tokens[:, 1],
        requests_by_hour=by_hour / by_hour.mean() * REQUESTS_PER_S * SECONDS_PER_HOUR,
        source=source,
    )


def question(traces: Traces, **changes: object) -> dict[str, Any]:
    """Return the document `study_document` reads, on the fortnight, with changes."""
    read, said = traces.input_tokens, traces.output_tokens
    spread = max(read.mean() / float(np.median(read)), 1.0)
    return {
        "configuration": dict(CONFIGURATION),
        "requests_by_hour": traces.requests_by_hour.tolist(),
        "median_input_tokens": float(np.median(read)),
        "median_output_tokens": float(np.median(said)),
        "sigma": float(np.sqrt(2 * np.log(spread))),
        "targets": {"ttft_p95_s": 2.0, "tpot_p95_ms": 60.0, "spare_replicas": 1},
        **PRICES,
        **changes,
    }


CHANGES: Final[Mapping[str, Mapping[str, object]]] = {
    "accelerators at half the price": {"usd_per_gpu_hour": PRICES["usd_per_gpu_hour"] / 2},
    "accelerators at twice the price": {"usd_per_gpu_hour": PRICES["usd_per_gpu_hour"] * 2},
    "40 ms a token": {"targets": {"ttft_p95_s": 2.0, "tpot_p95_ms": 40.0, "spare_replicas": 1}},
    "no spare": {"targets": {"ttft_p95_s": 2.0, "tpot_p95_ms": 60.0, "spare_replicas": 0}},
    "autoscaled": {"scaling": "autoscaled"},
    "API at half the price": {"api_usd_per_mtok_input": 0.3, "api_usd_per_mtok_output": 0.4},
    "burstiness CV 4": {"cv": 4.0},
}  # fmt: skip
SHARED = ("own_usd_per_mtok", "api_usd_per_mtok", "own_usd_per_month", "api_usd_per_month",
          "utilization", "breakeven_utilization", "in_box")  # fmt: skip


def trace_study(folder: Path | None = None) -> dict[str, Any]:
    """Answer where the traffic of the traces should run, with a band and what would change it.

    Returns
    -------
    dict
        source; answer (a sentence); azure_hour and fortnight (cost per million tokens with its
        P10 and P90 by the predictor's band, replicas, use, break-even use); changes (what one
        change does to own cost and to the choice); decision (options on the same draws).
    """
    traces = synthetic_traces() if folder is None else real_traces(folder)
    hour = question(traces)
    del hour["requests_by_hour"]
    fortnight = study_document(question(traces))
    changes = [
        {"change": name, **_choice(study_document(question(traces, **change)))}
        for name, change in CHANGES.items()
    ]
    return {
        "source": traces.source,
        "answer": _answer(fortnight, changes),
        "azure_hour": _shown(study_document({**hour, "arrived_s": traces.arrived_s.tolist()})),
        "fortnight": _shown(fortnight),
        "changes": changes,
        "decision": _decision(traces, fortnight),
    }


def _shown(study: Mapping[str, Any]) -> dict[str, Any]:
    """Return the figures of a study, own cost with the band of the predicted throughput.

    The band moves the size of the fleet: P10 of throughput is P90 of cost.
    """
    middle, cost = study["goodput_tokens_per_s_per_gpu"], study["own_usd_per_mtok"]
    return {
        **{name: study[name] for name in SHARED},
        "own_usd_per_mtok_p10": cost * middle / study["goodput_p90"],
        "own_usd_per_mtok_p90": cost * middle / study["goodput_p10"],
        "replicas_needed": max(study["replicas_needed"]),
        "replicas_paid": max(study["replicas_running"]),
        "cv": study["cv"],
        "cv_is_assumed": study["cv_is_assumed"],
    }


def _choice(study: Mapping[str, Any]) -> dict[str, Any]:
    own, api = study["own_usd_per_mtok"], study["api_usd_per_mtok"]
    return {"own_usd_per_mtok": own, "api_usd_per_mtok": api, "runs_on": "own" if own < api else "API"}  # fmt: skip


def _decision(traces: Traces, study: Mapping[str, Any]) -> dict[str, Any]:
    """Weigh API, hybrid and own fleet on the same draws of two years."""
    tokens = float(traces.input_tokens.mean() + traces.output_tokens.mean())
    monthly = REQUESTS_PER_S * SECONDS_PER_HOUR * HOURS_PER_MONTH * tokens / TOKENS_PER_MTOK
    paid = max(study["replicas_running"])
    own = {
        "usd_per_mtok": study["api_usd_per_mtok"], "weeks_to_live": 6.0,
        "usd_per_replica_hour": CONFIGURATION["tp_size"] * PRICES["usd_per_gpu_hour"],
        "replica_mtok_per_hour": study["replica_goodput_requests_per_s"] * tokens
        * SECONDS_PER_HOUR / TOKENS_PER_MTOK,
        "regions": ["eu"], "data_classes": ["internal"],
    }  # fmt: skip
    half = max(paid // 2, 1)
    return decision_document({
        "options": [
            {"name": "API", "usd_per_mtok": study["api_usd_per_mtok"], "regions": ["eu"],
             "data_classes": ["internal"]},
            {"name": f"Hybrid: {half} own + API", "replicas": half, **own},
            {"name": f"Self-hosted: {paid} rented", "replicas": paid, "spills": False, **own},
        ],
        "mtok_per_month": demand_draws(
            monthly, growth_per_month=0.0, log_sd_per_month=0.02, months=MONTHS
        ).tolist(),
        "hourly_shape": traces.requests_by_hour.tolist(),
        "tolerance": {"region": "eu", "data_class": "internal"},
    })  # fmt: skip


def _answer(study: Mapping[str, Any], changes: list[dict[str, Any]]) -> str:
    shown = _shown(study)
    own, api = shown["own_usd_per_mtok"], shown["api_usd_per_mtok"]
    low, high = shown["own_usd_per_mtok_p10"], shown["own_usd_per_mtok_p90"]
    where = "own" if own < api else "API"
    turned = [one["change"] for one in changes if one["runs_on"] != where]
    sure = (
        "whatever the predictor's band" if not low <= api <= high else "within the predictor's band"
    )
    said = (
        f"It would turn with: {'; '.join(turned)}."
        if turned
        else "None of the changes tried turns it."
    )
    choice = "own replicas" if where == "own" else "the API"
    return (
        f"Run it on {choice}: own capacity costs ${own:.3f} a million tokens (P10-P90 ${low:.3f} "
        f"to ${high:.3f}), the API ${api:.3f}, {sure}. {said}"
    )
