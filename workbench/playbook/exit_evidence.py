"""What a workspace has on file about leaving: evaluations at targets, holdings, own efforts.

An evaluation is worth something only at the model it ran on: the result files the dossiers name,
with the same cases at the model in use where there are any. Those pairs also measure how many
tokens the same work takes there.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from workbench.errors import InputError
from workbench.models.model_upgrade import EvaluatedCase
from workbench.models.provider_exit.conversion import Conversion, TokenCounts, measured_conversion
from workbench.models.provider_exit.quality import Evaluation
from workbench.playbook.dossier import Dossier
from workbench.playbook.dossier_files import explained
from workbench.playbook.evaluations import read_results
from workbench.playbook.prompts import read_prompts
from workbench.yaml_files import read_yaml

EFFORTS = Path("assumptions", "exit.yaml")
Names = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluatedTarget:
    """How one feature's tasks came out at one model, and at the model in use on the same cases."""

    feature: str
    target: Names
    result: Evaluation
    baseline: Evaluation | None
    source: Names | None
    """The model the baseline ran on."""
    usd_per_run: float | None
    """Cost of one run over all cases there; None where the tool wrote no cost."""
    conversion: Conversion | None
    """Tokens there per token here, on the same cases; None where a run wrote no tokens."""
    pairs: int
    evaluated_on: date | None
    rework_usd: float
    is_synthetic: bool


def read_evaluations(root: Path, dossiers: Iterable[Dossier]) -> list[EvaluatedTarget]:
    """Return the evaluations the dossiers name, the newest of a feature and target alone.

    Raises
    ------
    InputError
        If a named file is missing, leaves the workspace, or is no result file.
    """
    found: dict[tuple[str, Names], EvaluatedTarget] = {}
    for dossier in dossiers:
        for one in [*_of_upgrades(root, dossier), *_of_targets(root, dossier)]:
            key = (one.feature, one.target)
            known = found.get(key)
            if known is None or (one.evaluated_on or date.min) >= (known.evaluated_on or date.min):
                found[key] = one
    return list(found.values())


def _of_targets(root: Path, dossier: Dossier) -> Iterable[EvaluatedTarget]:
    for one in dossier.evaluations:
        new = read_results(_inside(root, one.results))
        old = read_results(_inside(root, one.baseline_results)) if one.baseline_results else ()
        source = (one.baseline_provider or "", one.baseline_model or "")
        yield _evaluated(
            dossier, (one.provider, one.model), new, old,
            source=source if all(source) else None, evaluated_on=one.evaluated_on,
            rework_usd=one.rework_usd_per_rejected_task,
        )  # fmt: skip


def _of_upgrades(root: Path, dossier: Dossier) -> Iterable[EvaluatedTarget]:
    """Yield upgrades whose models the dossier's dependencies place at a provider."""
    at = {one.model: one.provider for one in dossier.dependencies if one.model and one.provider}
    for one in dossier.upgrades:
        if one.new_model not in at or not (root / one.new_results).is_file():
            continue
        new = read_results(_inside(root, one.new_results))
        has_old = (root / one.old_results).is_file() and one.old_model in at
        old = read_results(_inside(root, one.old_results)) if has_old else ()
        yield _evaluated(
            dossier, (str(at[one.new_model]), one.new_model), new, old,
            source=(str(at[one.old_model]), one.old_model) if has_old else None,
            evaluated_on=one.evaluated_on, rework_usd=0.0,
        )  # fmt: skip


def _evaluated(
    dossier: Dossier, target: Names, new: Sequence[EvaluatedCase], old: Sequence[EvaluatedCase],
    *, source: Names | None, evaluated_on: date | None, rework_usd: float,
) -> EvaluatedTarget:  # fmt: skip
    before = {one.case_id: one for one in old}
    shared = [(before[one.case_id], one) for one in new if one.case_id in before]
    costs = [one.cost_usd for one in new if one.cost_usd is not None]
    return EvaluatedTarget(
        feature=dossier.feature, target=target, result=_accepted(new),
        baseline=_accepted([one for one, _ in shared]) if shared else None,
        source=source, usd_per_run=sum(costs) if len(costs) == len(new) else None,
        conversion=_converted(shared), pairs=len(shared), evaluated_on=evaluated_on,
        rework_usd=rework_usd, is_synthetic=dossier.synthetic,
    )  # fmt: skip


def _accepted(cases: Sequence[EvaluatedCase]) -> Evaluation:
    return Evaluation(accepted=sum(one.success for one in cases), tried=len(cases))


def _converted(pairs: Sequence[tuple[EvaluatedCase, EvaluatedCase]]) -> Conversion | None:
    metered = [
        pair for pair in pairs
        if all(one.input_tokens is not None and one.output_tokens is not None for one in pair)
    ]  # fmt: skip
    if not metered:
        return None
    try:
        return measured_conversion(*(_counts([pair[side] for pair in metered]) for side in (0, 1)))
    except InputError:
        return None


def _counts(cases: Sequence[EvaluatedCase]) -> TokenCounts:
    return TokenCounts(
        input_tokens=sum(one.input_tokens or 0 for one in cases),
        output_tokens=sum(one.output_tokens or 0 for one in cases),
        reasoning_tokens=sum(one.reasoning_tokens or 0 for one in cases),
    )


def _inside(root: Path, relative: str) -> Path:
    base = root.resolve()
    path = (base / relative).resolve()
    if not path.is_relative_to(base):
        raise InputError(f"{relative!r} in a dossier leaves the workspace {base}.")
    if not path.is_file():
        raise InputError(f"{relative}: a dossier names this result file, and it is not there.")
    return path


def holdings_of(
    root: Path, dossiers: Sequence[Dossier], *, provider: str, as_of: date,
    evaluations: Sequence[EvaluatedTarget],
) -> dict[str, Any]:  # fmt: skip
    """Return what is held at a provider, counted from what is on file.

    Prompts pinned to its models in the library, evaluation cases of the features on it, and the
    fine-tunes, vectors, data and commitments the dossiers state.
    """
    features = {one.feature for one in dossiers}
    models = {
        one.model
        for dossier in dossiers
        for one in dossier.dependencies
        if one.provider == provider and one.model
    }
    library = read_prompts(root / "prompts")
    pinned = [p for p in library.prompts.values() if models.intersection(p.models)]
    cases = [one.result.tried for one in evaluations if one.feature in features]
    held = [one.exit.holdings for one in dossiers if one.exit and one.exit.holdings]
    return {
        "library_prompts": len(pinned),
        "evaluation_cases": max(cases, default=0),
        "fine_tunes": [
            {"model": tune.model, "training_tokens": tune.training_tokens}
            for one in held
            for tune in one.fine_tunes
        ],
        "embedding_corpus_tokens": sum(one.embedding_corpus_tokens for one in held),
        "vectors": sum(one.vectors for one in held),
        "data_gb": sum(one.data_gb for one in held),
        "notice_usd_per_day": sum(one.notice_usd_per_day for one in held),
        "commitments": [
            {
                "months_left": max(0.0, (promise.until - as_of).days / 30.4375),
                "usd_per_month": promise.usd_per_month,
                "reusable_share": promise.reusable_share,
            }
            for one in held
            for promise in one.commitments
        ],
        "is_stated": bool(held),
    }


class OwnEffort(BaseModel):
    """One effort as the workspace's owner states it."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    low: float = Field(ge=0)
    likely: float = Field(ge=0)
    high: float = Field(ge=0)
    owner: str
    date: date
    source: str


def own_efforts(root: Path, known: Iterable[str]) -> Mapping[str, OwnEffort]:
    """Return the efforts `assumptions/exit.yaml` states in place of the shipped ranges.

    Raises
    ------
    InputError
        If an effort is unknown, out of order, or lacks its owner, date or source.
    """
    path = root / EFFORTS
    if not path.is_file():
        return {}
    entries = read_yaml(path) or {}
    names = sorted(known)
    found = {}
    for name, entry in dict(entries).items():
        if name not in names:
            raise InputError(f"{path}: {name!r} is no effort. There are: {', '.join(names)}.")
        try:
            one = OwnEffort.model_validate(entry)
        except ValidationError as error:
            raise InputError(
                explained(error, model=OwnEffort, name=f"{path.name} {name}")
            ) from error
        if not one.low <= one.likely <= one.high:
            raise InputError(f"{path}: {name} needs low <= likely <= high.")
        found[name] = one
    return found
