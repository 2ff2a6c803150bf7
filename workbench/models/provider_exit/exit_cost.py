"""What leaving costs once, bottom-up from what there is to move.

Counts come from the workspace, efforts and prices from their owners; nothing here has a
default number. A planned exit runs both providers for a while and uses the notice; a stressed
one (failure, insolvency) can do neither, works under pressure, and may not get data back.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from workbench.errors import InputError
from workbench.models.provider_exit.uncertainty import Floats, ThreePoint
from workbench.units import TOKENS_PER_MTOK

MINUTES_PER_HOUR = 60
Component = Literal[
    "prompts", "evaluation", "fine_tunes", "embeddings", "data_return", "dual_run",
    "cache_warm_up", "stranded_commitments", "notice", "staff", "revalidation",
]  # fmt: skip
COMPONENTS: tuple[Component, ...] = (
    "prompts", "evaluation", "fine_tunes", "embeddings", "data_return", "dual_run",
    "cache_warm_up", "stranded_commitments", "notice", "staff", "revalidation",
)  # fmt: skip


FORCED: tuple[Component, ...] = (
    "prompts",
    "evaluation",
    "fine_tunes",
    "cache_warm_up",
    "revalidation",
)
"""What a move to the same provider's successor takes: no contract, data or notice changes hands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Commitment:
    """Spend that is promised to the provider."""

    months_left: float
    usd_per_month: float
    reusable_share: float = 0.0
    """Share another workload can use up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """What there is to move, counted in the workspace."""

    prompts: int
    evaluation_cases: int
    usd_per_evaluation_run: float = 0.0
    """Tokens of one run over all cases at the target."""
    fine_tune_training_tokens: float = 0.0
    embedding_corpus_tokens: float = 0.0
    vectors: float = 0.0
    data_gb: float = 0.0
    source_usd_per_day: float = 0.0
    """What the source costs today: dual running and notice pay it on."""
    cache_discount_usd_per_day: float = 0.0
    """What caching saves a day; lost until the new cache is warm."""
    commitments: tuple[Commitment, ...] = ()
    notice_days: float = 0.0
    usd_per_notice_day: float = 0.0
    """Fee that goes on during the notice though nothing runs any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """What moving one of each takes. Every field has an owner, who can change it."""

    hours_per_prompt: ThreePoint
    label_minutes_per_case: ThreePoint
    evaluation_runs: ThreePoint
    usd_per_hour: ThreePoint
    training_usd_per_mtok: ThreePoint
    embedding_usd_per_mtok: ThreePoint
    usd_per_million_vectors: ThreePoint
    egress_usd_per_gb: ThreePoint
    recreate_usd_per_gb: ThreePoint
    """Making again what does not come back."""
    dual_run_days: ThreePoint
    dual_run_share: ThreePoint
    """Share of traffic that both providers serve."""
    cache_warm_up_days: ThreePoint
    project_hours: ThreePoint
    """Engineering, procurement and legal beside the items above."""
    revalidation_hours: ThreePoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """How the exit happens."""

    name: Literal["planned", "stressed"]
    can_dual_run: bool
    pays_notice: bool
    hours_factor: float
    """Hours under pressure per planned hour."""
    data_returned_share: float
    """Share of the data that comes back; the rest is made again."""

    def __post_init__(self) -> None:
        if self.hours_factor < 1 or not 0 <= self.data_returned_share <= 1:
            raise InputError(
                f"The {self.name} exit needs hours_factor >= 1 and a returned share from 0 to 1."
            )


PLANNED = Variant(
    name="planned", can_dual_run=True, pays_notice=True, hours_factor=1.0,
    data_returned_share=1.0,
)  # fmt: skip
"""Everything goes as the contract says."""


def stressed(*, hours_factor: float, data_returned_share: float) -> Variant:
    """Return the exit after a failure: no dual run, no notice, prepaid money gone."""
    return Variant(
        name="stressed", can_dual_run=False, pays_notice=False, hours_factor=hours_factor,
        data_returned_share=data_returned_share,
    )  # fmt: skip


def effort_names() -> tuple[str, ...]:
    """Return the uncertain inputs, in the order their draws are made."""
    return tuple(Effort.__dataclass_fields__)


def exit_cost_usd(
    inventory: Inventory,
    effort: Effort,
    variant: Variant,
    draws: Mapping[str, Floats] | None = None,
) -> dict[Component, Floats]:
    """Return the one-off cost by component, one value a draw.

    Parameters
    ----------
    inventory, effort, variant
        What there is, what each takes, and how the exit happens.
    draws
        Uniform draws by the names of `effort_names()`; None takes the likely values.

    Returns
    -------
    dict
        US dollars by component; their sum is the cost of leaving. Stranded commitments are
        part of it here and are sunk in `cash`: pass them as the write-off there, not twice.
    """

    def of(name: str) -> Floats:
        estimate: ThreePoint = getattr(effort, name)
        if draws is None:
            return np.array([estimate.likely])
        return estimate.quantile(draws[name])

    hour_usd = of("usd_per_hour") * variant.hours_factor
    returned = variant.data_returned_share
    label_hours = inventory.evaluation_cases * of("label_minutes_per_case") / MINUTES_PER_HOUR
    none = np.zeros_like(hour_usd)
    embeddings = inventory.embedding_corpus_tokens / TOKENS_PER_MTOK * of("embedding_usd_per_mtok")
    idle_days = np.maximum(0.0, inventory.notice_days - of("dual_run_days"))
    notice = inventory.usd_per_notice_day * idle_days
    dual = inventory.source_usd_per_day * of("dual_run_days") * of("dual_run_share")
    return {
        "prompts": inventory.prompts * of("hours_per_prompt") * hour_usd,
        "evaluation": label_hours * hour_usd
        + inventory.usd_per_evaluation_run * of("evaluation_runs"),
        "fine_tunes": inventory.fine_tune_training_tokens
        / TOKENS_PER_MTOK
        * of("training_usd_per_mtok"),
        "embeddings": embeddings + inventory.vectors / 1e6 * of("usd_per_million_vectors"),
        "data_return": inventory.data_gb
        * (returned * of("egress_usd_per_gb") + (1 - returned) * of("recreate_usd_per_gb")),
        "dual_run": dual if variant.can_dual_run else none,
        "cache_warm_up": inventory.cache_discount_usd_per_day * of("cache_warm_up_days"),
        "stranded_commitments": none + stranded_usd(inventory.commitments),
        "notice": notice if variant.pays_notice else none,
        "staff": of("project_hours") * hour_usd,
        "revalidation": of("revalidation_hours") * hour_usd,
    }


def stranded_usd(commitments: tuple[Commitment, ...]) -> float:
    """Return what is promised and cannot be used: months left * spend * (1 - reusable).

    Examples
    --------
    >>> stranded_usd((Commitment(months_left=6, usd_per_month=1_000, reusable_share=0.25),))
    4500.0
    """
    return sum(
        one.months_left * one.usd_per_month * (1 - one.reusable_share) for one in commitments
    )


def forced_migration_usd(components: Mapping[Component, Floats]) -> Floats:
    """Return what a move to the provider's own successor costs, draw by draw."""
    return np.sum(np.stack([components[name] for name in FORCED]), axis=0)


def total_usd(components: Mapping[Component, Floats]) -> Floats:
    """Return the sum of all components, draw by draw."""
    return np.sum(np.stack(list(components.values())), axis=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """One indicator that starts the exit plan when it crosses its threshold."""

    name: str
    value: float | None
    """None: not measured, so it cannot be said."""
    threshold: float
    worse_is: Literal["above", "below"]

    @property
    def verdict(self) -> Literal["calm", "triggered", "insufficient evidence"]:
        """Whether the plan starts; at the threshold exactly it does not."""
        if self.value is None:
            return "insufficient evidence"
        crossed = (
            self.value > self.threshold if self.worse_is == "above" else self.value < self.threshold
        )
        return "triggered" if crossed else "calm"
