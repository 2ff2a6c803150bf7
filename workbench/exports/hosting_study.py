"""A hosting question as a plain document in, the answer as a plain document out.

`study_document` sizes and prices one configuration; `decision_document` chooses between
options; `commitment_document` sizes a commitment. All take what a JSON or YAML file holds.
"""

from dataclasses import asdict
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.errors import InputError
from workbench.exports.hosting_predict import shipped_catalogue, shipped_model
from workbench.models.commitments import (
    CommitmentUnit,
    best_units,
    outcome,
    regret_table,
)
from workbench.models.hosting.capacity import (
    ASSUMED_CV,
    HourlyLoad,
    Targets,
    hourly_load,
    hourly_load_from_counts,
)
from workbench.models.hosting.cost import (
    OwnedNode,
    RentedFleet,
    owned_usd_per_gpu_hour,
    owned_usd_per_year,
    rented_usd_per_gpu_hour,
)
from workbench.models.hosting.decision import Verdict, decide, p_cheaper
from workbench.models.hosting.options import Demand, Option, Tolerance
from workbench.models.hosting.placement import Place, PlacementRule
from workbench.models.hosting.study import Study, StudyInputs, run_study
from workbench.models.hosting.surface import QueueSurface, Traffic, surface_of
from workbench.models.hosting.tables import grid_of
from workbench.models.offers import offers_of, open_offers_of
from workbench.models.plain import Document, made, names, number, numbers, part, parts
from workbench.reference import read_table

DEFAULT_SIGMA = 0.73
"""Lognormal spread of request lengths where the document does not say."""


@cache
def shipped_surface() -> QueueSurface:
    """Return the table of simulated pools as shipped in data/reference/."""
    return surface_of(read_table("queue_surface"))


def study_document(asked: Document) -> dict[str, Any]:
    """Size and price one configuration.

    Parameters
    ----------
    asked
        `configuration` (columns of a prediction file), one of `arrived_s` and
        `requests_by_hour` (with `cv`), `median_input_tokens`, `median_output_tokens`, `sigma`,
        `targets` (ttft_p95_s, tpot_p95_ms, spare_replicas, scale_up_minutes), `scaling`, one of
        `usd_per_gpu_hour`, `owned_node` and `rented`, `api_usd_per_mtok_input` and `_output`.

    Raises
    ------
    InputError
        If something is missing, unknown or out of range, or the configuration is refused.
    """
    inputs = study_inputs(asked)
    study = run_study(inputs, shipped_model(), shipped_catalogue(), shipped_surface())
    answer = _study_answer(study, inputs)
    if "owned_node" in asked:
        answer["owned_usd_per_year"] = owned_usd_per_year(_owned(asked))
    return answer


def study_inputs(asked: Document) -> StudyInputs:
    """Read a study's document; see `study_document`."""
    traffic = Traffic(
        median_input_tokens=number(asked, "median_input_tokens"),
        median_output_tokens=number(asked, "median_output_tokens"),
        sigma=number(asked, "sigma", DEFAULT_SIGMA),
    )
    # a configuration without lengths of its own is asked at the traffic's mean lengths
    lengths = {"isl": traffic.mean_input_tokens, "osl": traffic.mean_output_tokens, "id": "study"}
    row = {**lengths, **part(asked, "configuration")}
    return StudyInputs(
        configuration=grid_of([{k: str(v) for k, v in row.items()}], shipped_catalogue()),
        load=_load(asked),
        traffic=traffic,
        targets=made(Targets, part(asked, "targets")),
        scaling="autoscaled" if asked.get("scaling") == "autoscaled" else "fixed",
        usd_per_gpu_hour=_usd_per_gpu_hour(asked),
        api_usd_per_mtok_input=number(asked, "api_usd_per_mtok_input"),
        api_usd_per_mtok_output=number(asked, "api_usd_per_mtok_output"),
    )


def decision_document(asked: Document) -> dict[str, Any]:
    """Choose between options: `options`, `mtok_per_month` (draws by months), `hourly_shape`, `tolerance`.

    `tolerance.rules` says where each data class may be processed (data_class, processing, regions,
    rule, share, source, decided_on, confidence), `tolerance.also_classes` which classes the prompts
    carry besides `data_class`; an option has `processing` and `regions`, or several `places`.
    """
    verdict = verdict_of(asked)
    by_name = {each.option.name: each for each in verdict.judged}
    chosen = by_name.get(verdict.chosen or "")
    return {
        "chosen": verdict.chosen,
        "cheapest": verdict.cheapest,
        "why": verdict.why,
        "options": [
            {
                "name": each.option.name,
                "excluded": list(each.excluded),
                **{f"npv_p{round(q * 100)}_usd": each.quantile(q) for q in (0.1, 0.5, 0.9)},
                "judged_usd": each.judged_usd,
                "outage_usd": each.outage_usd,
                "p_cheaper_than_chosen": p_cheaper(each, chosen) if chosen else None,
            }
            for each in verdict.judged
        ],
    }


def verdict_of(asked: Document) -> Verdict:
    """Read a decision's document and decide."""
    options = [
        made(
            Option,
            {
                **one,
                "regions": frozenset(names(one, "regions")),
                "data_classes": frozenset(names(one, "data_classes")),
                "places": tuple(_place(each) for each in parts(one, "places")),
            },
        )
        for one in parts(asked, "options")
    ]
    shape = numbers({"hourly_shape": [1.0], **asked}, "hourly_shape")
    if shape.size == 0 or shape.sum() <= 0:
        raise InputError("hourly_shape needs positive values, e.g. 168 shares of a week.")
    volumes = _draws(asked, "mtok_per_month")
    demand = Demand(mtok_per_month=volumes, hourly_shape=shape / shape.mean())
    return decide(options, demand, _tolerance(part(asked, "tolerance")))


def commitment_document(asked: Document) -> dict[str, Any]:
    """Size a commitment: `unit` (or the name of a shipped `offer`), `mtok_by_hour`, `units`, `draws`.

    `draws` are further hourly profiles; with them the regret of each number of units is given.
    """
    demand = numbers(asked, "mtok_by_hour")
    unit, confidence = _unit(asked)
    best = best_units(unit, demand)
    answer: dict[str, Any] = {
        "unit": asdict(unit),
        "confidence": confidence,
        "breakeven_utilization": unit.breakeven_utilization,
        "best": {**asdict(best), "total_usd": best.total_usd},
    }
    if "units" in asked:
        held = outcome(unit, int(number(asked, "units")), demand)
        answer["held"] = {**asdict(held), "total_usd": held.total_usd}
    if "draws" in asked:
        answer["regret"] = [
            asdict(line) for line in regret_table(unit, list(_draws(asked, "draws")))
        ]
    return answer


def _draws(asked: Document, name: str) -> NDArray[np.float64]:
    """Return draws, a row each, all of one length; a plain list is a single one."""
    given = asked.get(name, [])
    rows = given if isinstance(given, list) and given and isinstance(given[0], list) else [given]
    found = [numbers({name: row}, name) for row in rows]
    if not all(len(one) for one in found):
        raise InputError(f"{name}: a draw without values. Give each at least one.")
    if len({len(one) for one in found}) > 1:
        raise InputError(f"{name}: the draws have different lengths. Give each the same.")
    return np.array(found)


def _tolerance(given: Document) -> Tolerance:
    rules = tuple(
        made(PlacementRule, {**one, "regions": names(one, "regions")})
        for one in parts(given, "rules")
    )
    lists = {name: names(given, name) for name in ("also_classes", "also_regions")}
    return made(Tolerance, {**given, **lists, "rules": rules})


def _place(given: Document) -> Place:
    listed = given.get("data_classes") is not None
    return made(
        Place,
        {
            **given,
            "regions": frozenset(names(given, "regions")),
            "data_classes": frozenset(names(given, "data_classes")) if listed else None,
        },
    )


def _study_answer(study: Study, inputs: StudyInputs) -> dict[str, Any]:
    plain = asdict(study)
    plan = plain.pop("plan")
    return {
        **plain,
        "replicas_needed": plan["needed"].tolist(),
        "replicas_running": plan["running"].tolist(),
        "replica_goodput_requests_per_s": plan["goodput_requests_per_s"],
        "replica_full_batch_requests_per_s": plan["full_batch_requests_per_s"],
        "cv": inputs.load.cv,
        "cv_is_assumed": inputs.load.cv_is_assumed,
        "usd_per_gpu_hour": inputs.usd_per_gpu_hour,
        "saving_usd_per_month": study.api_usd_per_month - study.own_usd_per_month,
    }


def _load(asked: Document) -> HourlyLoad:
    if "arrived_s" in asked:
        return hourly_load(numbers(asked, "arrived_s"))
    if "requests_by_hour" in asked:
        counts = numbers(asked, "requests_by_hour")
        return hourly_load_from_counts(counts, cv=number(asked, "cv", ASSUMED_CV))
    raise InputError("The document has neither arrived_s nor requests_by_hour. Give one of them.")


def _usd_per_gpu_hour(asked: Document) -> float:
    if "owned_node" in asked:
        return owned_usd_per_gpu_hour(_owned(asked))
    if "rented" in asked:
        return rented_usd_per_gpu_hour(made(RentedFleet, part(asked, "rented")))
    return number(asked, "usd_per_gpu_hour")


def _owned(asked: Document) -> OwnedNode:
    return made(OwnedNode, part(asked, "owned_node"))


def _unit(asked: Document) -> tuple[CommitmentUnit, str]:
    if not isinstance(asked.get("offer", ""), str):
        raise InputError("offer must be the name of one; `workbench prices offers` lists them.")
    if "offer" not in asked:
        return made(CommitmentUnit, part(asked, "unit")), "given"
    table = read_table("commitment_offers")
    offers = {each.unit.name: each for each in offers_of(table)}
    for each in open_offers_of(table):
        if each.name == asked["offer"]:
            raise InputError(f"{each.name}: {each.words}, as a `unit` of this document.")
    if asked["offer"] not in offers:
        raise InputError(f"No offer {asked['offer']!r}. There are: {'; '.join(sorted(offers))}.")
    found = offers[asked["offer"]]
    return found.unit, found.confidence
