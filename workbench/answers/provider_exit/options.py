"""What one provider's traffic would cost at each target, and how far that can be trusted."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime, time
from typing import Any

import numpy as np
import pyarrow as pa

from workbench.answers.provider_exit.known import Known, Names, capability_map
from workbench.errors import InputError
from workbench.models.provider_exit.capabilities import Needs, gaps
from workbench.models.provider_exit.quality import Evaluation, cost_per_accepted_task
from workbench.playbook.dossier import Dossier
from workbench.playbook.exit_evidence import EvaluatedTarget
from workbench.playbook.replay import ReplayReport, Target, replay_to
from workbench.playbook.token_ratios import shipped_range
from workbench.reference import read_table

TARGETS_SHOWN = 10
BACKUPS = "each feature's stated backup"
FIRST_PARTY = ("anthropic", "openai", "google", "mistral", "deepseek", "xai")
"""Providers of their own models that are offered as targets beside the workspace's own."""
_OTHER = re.compile("image|tts|audio|embed|rerank|ocr|realtime|video|live|transcribe|imagine")
"""Models that answer something else than text."""
CACHED = ("cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens")


def noon(day: date) -> datetime:
    """Return the instant whose prices hold for a day."""
    return datetime.combine(day, time(12))


def described(report: ReplayReport) -> dict[str, Any]:
    """Return a replay as plain data; the cost of whole units keeps every digit."""
    data = report.as_data()
    cost = report.cost
    exact = f"{int(cost.pico_usd) // 10**12}.{int(cost.pico_usd) % 10**12:012d}"
    return {**data, "cost_usd": exact if cost.is_exact else str(cost.cost_usd)}


def options_of(
    known: Known, usage: pa.Table, leaving: str, *, prices: Mapping[Names, float],
    using: Sequence[Dossier], at: datetime,
) -> tuple[list[dict[str, Any]], list[str]]:  # fmt: skip
    """Return an option a target, stated backups first, and the targets nothing prices."""
    used = _pairs(usage)
    needs = needs_of(usage, using)
    evaluated = ["/".join(one.target) for one in known.evaluations
                 if one.feature in {d.feature for d in using} and one.target[0] != leaving]  # fmt: skip
    wanted = targets(used, leaving, prices, using, evaluated=evaluated)
    found, missing = [], []
    if together := _backups_together(known, usage, leaving, using=using, at=at):
        found.append(together)
    for name in wanted:
        try:
            found.append(_option(known, usage, name, used=used, needs=needs, at=at))
        except InputError:
            missing.append(name)
    return found, missing


def _option(
    known: Known, usage: pa.Table, name: str, *, used: set[Names], needs: Needs, at: datetime
) -> dict[str, Any]:
    target = known.target(name)
    converted = known.converted(target)
    there = replay_to(usage, known.book, converted, at=at)
    return {
        **described(replay_to(usage, known.book, target, at=at)),
        "converted_cost_usd": there.cost.cost_usd,
        "converted_unpriced_requests": there.cost.unpriced_requests,
        "tokens": _token_basis(usage, converted, name, used=used),
        "capabilities": capability_map(target.capabilities),
        "gaps": [list(one) for one in gaps(needs, target.capabilities)],
        "accepted": accepted_of(known, usage, name, at=at),
    }


def _token_basis(usage: pa.Table, target: Target, name: str, *, used: set[Names]) -> dict[str, Any]:
    """Return how tokens are known to change: the measured ratio, else the shipped range."""
    rows = usage.num_rows
    measured, weighed = 0, 0.0
    for pair in used:
        one = target.conversions.get(pair)
        if one is not None:
            count = int(_mask(usage, pair).sum())
            measured += count
            weighed += count * float(one.input_ratio)
    if measured:
        return {"basis": "measured", "ratio": weighed / measured, "share": measured / rows}
    ranges = [found for pair in used if (found := shipped_range(pair[1], name)) is not None]
    if len(ranges) == len(used) and ranges:
        low, high = min(one[0] for one in ranges), max(one[1] for one in ranges)
        return {"basis": "single-sample", "low": low, "high": high}
    return {"basis": "not public"}


def accepted_of(known: Known, usage: pa.Table, name: str, *, at: datetime) -> dict[str, Any] | None:
    """Return the cost of one accepted task there and here, of the most used feature evaluated."""
    named = known.canonical(tuple(name.split("/", 1)))  # type: ignore[arg-type]
    at_target = [one for one in known.evaluations if known.canonical(one.target) == named]
    counted = [(int(_feature(usage, one.feature).num_rows), one) for one in at_target]
    counted = [pair for pair in counted if pair[0]]
    if not counted:
        return None
    tasks, chosen = max(counted, key=lambda pair: pair[0])
    rows = _feature(usage, chosen.feature)
    there = replay_to(rows, known.book, known.converted(known.target(name)), at=at)
    here = replay_to(rows, known.book, None, at=at)
    served = tasks - there.cost.unpriced_requests
    if served <= 0 or tasks == here.cost.unpriced_requests:
        return None
    return {
        "feature": chosen.feature, "tasks": tasks, "cases": chosen.result.tried,
        "accepted": chosen.result.accepted, "is_synthetic": chosen.is_synthetic,
        "evaluated_on": str(chosen.evaluated_on or ""),
        "there": _task(there.cost.cost_usd, served, chosen.result, chosen),
        "here": None if chosen.baseline is None else _task(
            here.cost.cost_usd, tasks - here.cost.unpriced_requests, chosen.baseline, chosen
        ),
        "there_cost_usd": there.cost.cost_usd, "here_cost_usd": here.cost.cost_usd,
        "here_accepted": chosen.baseline.accepted if chosen.baseline else None,
        "here_cases": chosen.baseline.tried if chosen.baseline else None,
        "usd_per_run": chosen.usd_per_run,
    }  # fmt: skip


def _task(
    cost_usd: float, tasks: int, evaluation: Evaluation, chosen: EvaluatedTarget
) -> dict[str, float]:
    cost = cost_per_accepted_task(
        cost_usd=cost_usd, tasks=tasks, evaluation=evaluation,
        rework_usd_per_rejected_task=chosen.rework_usd,
    )  # fmt: skip
    return asdict(cost)


def _backups_together(
    known: Known, usage: pa.Table, leaving: str, *, using: Sequence[Dossier], at: datetime
) -> dict[str, Any] | None:
    """Return the exit the dossiers plan: each feature's traffic to its own stated backup."""
    parts, plain, converted, unpriced, accepted = [], [], 0.0, usage.num_rows, []
    for dossier in using:
        rows = _feature(usage, dossier.feature)
        backup = next(iter(backups([dossier], leaving)), None)
        if backup is None or rows.num_rows == 0:
            continue
        target = known.target(backup)
        try:
            report = replay_to(rows, known.book, target, at=at)
        except InputError:
            continue
        there = replay_to(rows, known.book, known.converted(target), at=at)
        parts.append(f"{dossier.feature} to {backup}")
        plain.append(report)
        converted += there.cost.cost_usd
        unpriced -= rows.num_rows - there.cost.unpriced_requests
        accepted.append(accepted_of(known, rows, backup, at=at))
    if len(parts) < 2:
        return None
    pico = sum(int(one.cost.pico_usd) for one in plain)
    known_ones = [one for one in accepted if one]
    return {
        "target": BACKUPS, "parts": parts, "requests": usage.num_rows,
        "cost_usd": f"{pico // 10**12}.{pico % 10**12:012d}", "cost_pico_usd": str(pico),
        "unpriced_requests": usage.num_rows
        - sum(one.cost.requests - one.cost.unpriced_requests for one in plain),
        "partial_requests": sum(one.cost.partial_requests for one in plain),
        "converted_cost_usd": converted, "converted_unpriced_requests": unpriced,
        "tokens": {"basis": "as each backup"}, "capabilities": {}, "gaps": [],
        "accepted": max(known_ones, key=lambda one: one["tasks"], default=None),
    }  # fmt: skip


def needs_of(usage: pa.Table, using: Iterable[Dossier]) -> Needs:
    """Return what the traffic and its dossiers ask of any target."""
    asked = {"text out"}
    if any(usage[name].to_numpy().any() for name in CACHED):
        asked.add("caching")
    if "batch" in usage["service_tier"].unique().to_pylist():
        asked.add("batch")
    using = tuple(using)
    if any(one.kind == "tool" for dossier in using for one in dossier.dependencies):
        asked.add("tools")
    whole = usage["context_tokens"].to_numpy() + usage["output_tokens"].to_numpy()
    regions = [frozenset(one.allowed_regions) for one in using if one.allowed_regions]
    return Needs(
        largest_request_tokens=int(whole.max()), asked=frozenset(asked),
        regions=frozenset.intersection(*regions) if regions else frozenset(),
    )  # fmt: skip


def targets(
    used: set[Names], leaving: str, prices: Mapping[Names, float], dossiers: Iterable[Dossier],
    *, evaluated: Iterable[str] = (),
) -> list[str]:  # fmt: skip
    """Return where the traffic could go: stated backups, evaluated targets, then the same class.

    A class is the price of three input tokens and one output token; of each other provider the
    two nearest that are on sale are taken, by the ratio of prices.
    """
    own = [prices[key] for key in used if key in prices]
    chosen = list(dict.fromkeys([*backups(dossiers, leaving), *evaluated]))
    if not own:
        return chosen[:TARGETS_SHOWN]
    middle = sum(math.log(one) for one in own) / len(own)
    offered = _offered()
    for provider in FIRST_PARTY:
        if provider != leaving:
            models = [key for key in prices if key[0] == provider and key in offered]
            models.sort(key=lambda key: (abs(math.log(prices[key]) - middle), key))
            chosen += ["/".join(key) for key in models[:2]]
    return list(dict.fromkeys(chosen))[:TARGETS_SHOWN]


def _offered() -> set[Names]:
    """Return the models the lifecycle table lists as active, with no end announced."""
    rows = read_table("model_lifecycle")
    return {
        (row["provider"], row["model"])
        for row in rows
        if row["status"] == "active" and not row["retires_on"] and not _OTHER.search(row["model"])
    }


def backups(dossiers: Iterable[Dossier], leaving: str) -> list[str]:
    """Return the backups the dossiers state at other providers, in their order."""
    return [
        f"{one.provider}/{one.model}"
        for dossier in dossiers
        for one in dossier.dependencies
        if one.kind == "backup" and one.provider and one.model and one.provider != leaving
    ]


def _pairs(usage: pa.Table) -> set[Names]:
    groups = usage.group_by(["provider", "model"]).aggregate([])
    return set(zip(groups["provider"].to_pylist(), groups["model"].to_pylist(), strict=True))


def _mask(usage: pa.Table, pair: Names) -> np.ndarray[Any, Any]:
    return _equals(usage, "provider", pair[0]) & _equals(usage, "model", pair[1])


def _feature(usage: pa.Table, feature: str) -> pa.Table:
    """Return one feature's rows, in the same order."""
    return usage.filter(pa.array(_equals(usage, "feature", feature)))


def _equals(usage: pa.Table, column: str, value: str) -> np.ndarray[Any, Any]:
    coded = usage[column].combine_chunks().dictionary_encode(null_encoding="encode")
    words = coded.dictionary.to_pylist()
    place = words.index(value) if value in words else -1
    return coded.indices.to_numpy() == place
