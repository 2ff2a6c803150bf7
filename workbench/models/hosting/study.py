"""One feature on one configuration: prediction, replicas, cost per million tokens, break-even.

Puts the parts together for a command, a page or a notebook; every step is one call into
the module that explains it.
"""

from dataclasses import dataclass

import numpy as np

from workbench.errors import InputError
from workbench.models.hosting.capacity import (
    HourlyLoad,
    ReplicaPlan,
    Scaling,
    Targets,
    goodput_by_pool,
    plan_replicas,
    replica_at,
)
from workbench.models.hosting.queueing import Replica
from workbench.models.hosting.serving import Catalogue, ServingModel, predict
from workbench.models.hosting.surface import QueueSurface, Traffic, full_batch_rate
from workbench.models.hosting.workload import ServingGrid
from workbench.units import HOURS_PER_MONTH, SECONDS_PER_HOUR, TOKENS_PER_MTOK


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyInputs:
    """What is asked. `configuration` is one row; its batch size is the largest allowed."""

    configuration: ServingGrid | None
    """None where the prediction is at hand already, see `finish`."""
    load: HourlyLoad
    traffic: Traffic
    targets: Targets
    scaling: Scaling
    usd_per_gpu_hour: float
    """Of an available accelerator-hour: rented, colocated or owned."""
    api_usd_per_mtok_input: float
    api_usd_per_mtok_output: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """What comes out; money in US dollars, tokens in and out together unless said."""

    plan: ReplicaPlan
    replica: Replica
    gpus_per_replica: int
    goodput_tokens_per_s_per_gpu: float
    """Inside the latency targets, input and output together."""
    goodput_p10: float
    goodput_p90: float
    """The same under the predictor's 80 % band."""
    utilization: float
    """Achieved tokens over what the paid fleet could serve inside the targets."""
    own_usd_per_month: float
    api_usd_per_month: float
    own_usd_per_mtok: float
    api_usd_per_mtok: float
    breakeven_utilization: float
    """Utilisation at which own capacity costs what the API does; above 1 it never does."""
    in_box: bool
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """What one configuration can do, whatever is asked of it; the slow half of a study."""

    replica: Replica
    gpus: int
    throughput: tuple[float, float, float]
    """Output tokens a second and accelerator: P10, answer, P90."""
    in_box: bool
    reason: str


def serve(one: ServingGrid, model: ServingModel, catalogue: Catalogue) -> Served:
    """Predict one configuration.

    Raises
    ------
    InputError
        If the predictor refuses it.
    """
    if len(one) != 1:
        raise InputError(f"A study takes one configuration, not {len(one)}.")
    said = predict(model, one, catalogue)
    if said.refused[0]:
        raise InputError(f"The predictor refuses this configuration: {said.reason[0]}.")
    name = "output_tokens_per_s_per_gpu"
    low, middle, high = (float(getattr(said, f"{name}{end}")[0]) for end in ("_p10", "", "_p90"))
    return Served(
        replica=replica_at(model, one, catalogue, max_batch=int(one.batch_size[0])),
        gpus=int(one.gpus[0]),
        throughput=(low, middle, high),
        in_box=bool(said.in_box[0]),
        reason=str(said.reason[0]),
    )


def run_study(
    inputs: StudyInputs, model: ServingModel, catalogue: Catalogue, surface: QueueSurface
) -> Study:
    """Answer for one configuration.

    Raises
    ------
    InputError
        If the predictor refuses it, or no load meets the targets.
    """
    if inputs.configuration is None:
        raise InputError("A study needs a configuration to predict.")
    served = serve(inputs.configuration, model, catalogue)
    goodput = goodput_by_pool(
        surface, served.replica, inputs.traffic, cv=inputs.load.cv, targets=inputs.targets
    )
    return finish(inputs, served, goodput)


def finish(inputs: StudyInputs, served: Served, goodput: dict[int, float]) -> Study:
    """Size and price what was predicted; the fast half of a study."""
    replica, gpus, traffic = served.replica, served.gpus, inputs.traffic
    plan = plan_replicas(
        inputs.load, goodput, targets=inputs.targets, scaling=inputs.scaling,
        full_batch_requests_per_s=full_batch_rate(replica, traffic),
    )  # fmt: skip
    tokens_in, tokens_out = traffic.mean_input_tokens, traffic.mean_output_tokens
    per_request = tokens_in + tokens_out
    requests = float(inputs.load.mean_requests_per_s.sum()) * SECONDS_PER_HOUR
    hours = len(plan.needed)
    rate = plan.goodput_requests_per_s * per_request / gpus
    could = plan.replica_hours * plan.goodput_requests_per_s * SECONDS_PER_HOUR
    monthly = HOURS_PER_MONTH / hours
    own = plan.replica_hours * gpus * inputs.usd_per_gpu_hour * monthly
    blended = (
        inputs.api_usd_per_mtok_input * tokens_in + inputs.api_usd_per_mtok_output * tokens_out
    ) / per_request
    mtok = requests * per_request / TOKENS_PER_MTOK * monthly
    used = requests / could if could else 0.0
    full = inputs.usd_per_gpu_hour / (rate * SECONDS_PER_HOUR) * TOKENS_PER_MTOK if rate else np.inf
    low, middle, high = served.throughput
    return Study(
        plan=plan,
        replica=replica,
        gpus_per_replica=gpus,
        goodput_tokens_per_s_per_gpu=rate,
        goodput_p10=rate * low / middle,
        goodput_p90=rate * high / middle,
        utilization=used,
        own_usd_per_month=own,
        api_usd_per_month=mtok * blended,
        own_usd_per_mtok=own / mtok if mtok else float("nan"),
        api_usd_per_mtok=blended,
        breakeven_utilization=full / blended if blended else float("inf"),
        in_box=served.in_box,
        reason=served.reason,
    )
