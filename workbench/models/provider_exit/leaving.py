"""From what is on file about one provider to the inputs of the exit model: counts, efforts, steps.

The page and the exit plan take their inputs here, so that both say the same.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from workbench.errors import InputError
from workbench.models.provider_exit.exit_cost import (
    PLANNED,
    Commitment,
    Effort,
    Inventory,
    Variant,
    stressed,
)
from workbench.models.provider_exit.schedule import Task
from workbench.models.provider_exit.uncertainty import ThreePoint

HOURS_A_DAY = 8
CALENDAR_PER_WORKING_DAY = 7 / 5
MINUTES_PER_HOUR = 60
HOURS_FACTOR_UNDER_STRESS = 1.5
"""Assumed: hours under pressure per planned hour."""
RETURNED_UNDER_STRESS = 0.5
"""Assumed: share of the data that comes back from a provider that failed."""
REINDEX_TOKENS_PER_DAY = 2e9
"""Assumed: an embedding corpus passes a batch interface at this speed."""
RETURN_DAYS = ThreePoint(low=1, likely=7, high=30)
"""Data Act Art. 25(2)(g): at least 30 days to retrieve data; sooner where the contract says so."""


def variant_of(name: str) -> Variant:
    """Return the planned exit, or the stressed one with its assumed factors."""
    if name == "planned":
        return PLANNED
    return stressed(
        hours_factor=HOURS_FACTOR_UNDER_STRESS, data_returned_share=RETURNED_UNDER_STRESS
    )


def inventory_of(
    held: Mapping[str, Any], *, evaluation_cases: int, source_usd_per_day: float,
    notice_days: float, usd_per_evaluation_run: float = 0.0,
) -> Inventory:  # fmt: skip
    """Return the inventory of one provider.

    Parameters
    ----------
    held
        The counts of the published answer: prompts seen in logs, prompts of the library,
        features, fine-tunes, embedded tokens, vectors, data, commitments.
    evaluation_cases
        Cases to be labelled and run again.
    source_usd_per_day, notice_days, usd_per_evaluation_run
        Spend there, the contract's notice, and the tokens of one evaluation run.
    """
    prompts = max(
        int(held.get("library_prompts") or 0),
        int(held.get("prompts") or 0),
        int(held.get("features") or 0),
        1,
    )
    corpus = float(held.get("embedding_corpus_tokens") or held.get("embedded_tokens") or 0)
    return Inventory(
        prompts=prompts,
        evaluation_cases=evaluation_cases,
        usd_per_evaluation_run=usd_per_evaluation_run,
        fine_tune_training_tokens=sum(
            float(one["training_tokens"]) for one in held.get("fine_tunes", ())
        ),
        embedding_corpus_tokens=corpus,
        vectors=float(held.get("vectors") or 0),
        data_gb=float(held.get("data_gb") or 0),
        source_usd_per_day=source_usd_per_day,
        cache_discount_usd_per_day=float(held.get("cache_discount_usd_per_day") or 0),
        commitments=tuple(Commitment(**one) for one in held.get("commitments", ())),
        notice_days=notice_days,
        usd_per_notice_day=float(held.get("notice_usd_per_day") or 0),
    )


def effort_of(
    shipped: Sequence[Mapping[str, str]], own: Mapping[str, Mapping[str, Any]]
) -> tuple[Effort, tuple[str, ...]]:
    """Return the efforts, the workspace's own in place of the shipped, and those nobody knows.

    An effort nobody states counts as nothing; where the inventory holds something of it, the
    total is too low, and the caller has to say so.
    """
    rows = {row["effort"]: row for row in shipped}
    found: dict[str, ThreePoint] = {}
    unknown = []
    for name in Effort.__dataclass_fields__:
        entry: Mapping[str, Any] = own.get(name) or rows.get(name) or {}
        if entry.get("likely") in (None, ""):
            unknown.append(name)
            found[name] = ThreePoint.exactly(0.0)
            continue
        try:
            low, likely, high = (float(entry[end]) for end in ("low", "likely", "high"))
        except (KeyError, ValueError) as error:
            raise InputError(f"Effort {name}: {error} is no number.") from error
        found[name] = ThreePoint(low=low, likely=likely, high=high)
    return Effort(**found), tuple(unknown)


def left_out(inventory: Inventory, unknown: Sequence[str]) -> tuple[str, ...]:
    """Return what is held and counts as nothing, because nobody states its effort."""
    holding = {
        "training_usd_per_mtok": inventory.fine_tune_training_tokens,
        "usd_per_million_vectors": inventory.vectors,
        "embedding_usd_per_mtok": inventory.embedding_corpus_tokens,
        "egress_usd_per_gb": inventory.data_gb,
        "recreate_usd_per_gb": inventory.data_gb,
    }
    return tuple(name for name in unknown if holding.get(name, 0) > 0)


def exit_tasks(inventory: Inventory, effort: Effort, *, people: float, planned: bool) -> list[Task]:
    """Return the steps: hours become calendar days at eight hours a working day and person."""
    crew = max(1.0, people)

    def days(hours: ThreePoint, count: float = 1.0) -> ThreePoint:
        each = count / HOURS_A_DAY * CALENDAR_PER_WORKING_DAY / crew
        return ThreePoint(low=hours.low * each, likely=hours.likely * each, high=hours.high * each)

    legal = "project, contract, legal"
    tasks = [
        Task(name=legal, days=days(effort.project_hours)),
        Task(name="adapt prompts", days=days(effort.hours_per_prompt, inventory.prompts)),
        Task(
            name="label and evaluate",
            days=days(effort.label_minutes_per_case, inventory.evaluation_cases / MINUTES_PER_HOUR),
            after=("adapt prompts",),
        ),
    ]
    tasks += _moved(inventory)
    proven = ("label and evaluate", *(task.name for task in tasks[3:]))
    tasks.append(Task(name="re-validate", days=days(effort.revalidation_hours), after=proven))
    before: tuple[str, ...] = (legal, "re-validate")
    if planned:
        tasks.append(Task(name="run both", days=effort.dual_run_days, after=before))
        before = ("run both",)
        if inventory.notice_days:
            notice = ThreePoint.exactly(inventory.notice_days)
            tasks.append(Task(name="notice", days=notice, after=(legal,)))
    tasks.append(Task(name="cut over, warm caches", days=effort.cache_warm_up_days, after=before))
    return tasks


def _moved(inventory: Inventory) -> list[Task]:
    """Return the steps of what is held beside prompts, where there is any."""
    found = []
    if inventory.data_gb or inventory.vectors:
        found.append(Task(name="get data back", days=RETURN_DAYS))
    if inventory.fine_tune_training_tokens:
        found.append(Task(name="train again", days=ThreePoint(low=2, likely=5, high=15)))
    if inventory.embedding_corpus_tokens:
        once = max(0.1, inventory.embedding_corpus_tokens / REINDEX_TOKENS_PER_DAY)
        span = ThreePoint(low=once, likely=2 * once, high=5 * once)
        found.append(Task(name="index embeddings again", days=span))
    return found
