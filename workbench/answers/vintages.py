"""How did locked envelopes hold? Reads what was locked and scores it against what months cost."""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from workbench.errors import InputError
from workbench.models.envelope.base_case import base_case
from workbench.models.scoring import EnvelopeOutcome, EnvelopeScore, score_envelopes
from workbench.playbook.assumptions.register import Register
from workbench.playbook.assumptions.scenarios import parse_register
from workbench.playbook.assumptions.versions import (
    Signature,
    Version,
    differences,
    version_bridge,
)

LOCKED = "locked"


def locked_folder(workspace: Path) -> Path:
    """Return where locked versions lie; each file is immutable."""
    return workspace / "assumptions" / LOCKED


def locked_versions(workspace: Path, register: str | None = None) -> list[dict[str, Any]]:
    """Return the locked versions, oldest lock first.

    Raises
    ------
    InputError
        If a file is not what `assumptions lock` wrote.
    """
    found = []
    for path in sorted(locked_folder(workspace).glob("*.json")):
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            named, on = content["register"]["name"], content["locked_on"]
            assert content["report"]["months"]
        except (OSError, ValueError, KeyError, TypeError, AssertionError) as error:
            raise InputError(f"{path}: not a locked version ({error!r}). Restore it.") from error
        if register in (None, named):
            found.append((on, content))
    return [content for _, content in sorted(found, key=lambda one: one[0])]


def outcomes_of(
    workspace: Path, register: str, actual_usd: Mapping[str, float]
) -> list[EnvelopeOutcome]:
    """Return each whole month with the newest envelope locked before it began, oldest first.

    Both sides are metered cost: of the envelope its priced lines alone, of the month what the
    logs priced. Fixed costs, one-offs and unused commitments are in neither.

    Parameters
    ----------
    actual_usd
        Metered cost of whole months, YYYY-MM, of the features the register covers (`scope_of`).
    """
    versions = locked_versions(workspace, register)
    found = []
    for month, usd in sorted(actual_usd.items()):
        begins = date.fromisoformat(f"{month}-01")
        before = [
            one["report"]
            for one in versions
            if date.fromisoformat(one["locked_on"]) < begins and month in one["report"]["months"]
        ]
        if before:
            spread = _metered(before[-1], before[-1]["months"].index(month))
            found.append(
                EnvelopeOutcome(
                    period=month, p10=spread["p10"], p50=spread["p50"], p90=spread["p90"],
                    actual=usd,
                )
            )  # fmt: skip
    return found


def scope_of(register: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the features a register's lines are measured by; empty where it covers all.

    A line none of whose drivers is measured by named features is not told apart: such a
    register covers everything.

    Examples
    --------
    >>> measured = {"measure": {"of": "requests", "features": ["chat"]}}
    >>> scope_of({"drivers": {"n": measured}, "lines": {"text": {"drivers": ["n"]}}})
    ('chat',)
    """
    features: set[str] = set()
    for line in register.get("lines", {}).values():
        own: set[str] = set()
        for name in (*line["drivers"], *line.get("complements", ()), *line.get("uplifts", ())):
            own |= set((register["drivers"][name].get("measure") or {}).get("features", ()))
        if not own:
            return ()
        features |= own
    return tuple(sorted(features))


def _metered(report: Mapping[str, Any], at: int) -> dict[str, float]:
    """Return the spread of metered cost; older bundles hold it with fixed costs added."""
    if "metered_by_month" in report:
        return report["metered_by_month"][at]
    fixed = (report.get("fixed_usd") or [0.0] * len(report["months"]))[at]
    return {name: report["by_month"][at][name] - fixed for name in ("p10", "p50", "p90")}


def scored(outcomes: Sequence[EnvelopeOutcome]) -> EnvelopeScore | None:
    """Score the last twelve; None while no locked month has ended."""
    return score_envelopes(outcomes)


def drafts_folder(workspace: Path) -> Path:
    """Return where versions lie that are not locked yet."""
    return workspace / "assumptions" / "drafts"


def version_of(content: Mapping[str, Any]) -> Version:
    """Return a version from its record."""
    return Version(
        hash=content["hash"],
        name=content["name"],
        state=content["state"],
        maker=content["maker"],
        signatures=tuple(
            Signature(
                state=one["state"], by=one["by"], on=date.fromisoformat(one["on"]), note=one["note"]
            )
            for one in content["signatures"]
        ),
    )


def versions(workspace: Path) -> list[dict[str, Any]]:
    """Return the record of every version: drafts first, then what is locked."""
    drafts = [
        json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(drafts_folder(workspace).glob("*.json"))
    ]
    return [*drafts, *(one["version"] for one in locked_versions(workspace))]


def compared(
    workspace: Path, now: Register, *, before: str | None = None, after: str | None = None
) -> dict[str, Any]:
    """Return what differs between two versions and by how much each entry moves the base case.

    Parameters
    ----------
    now
        The register as it stands, compared where no `after` is named.
    before, after
        Beginnings of the hashes of locked versions; `before` is the last locked one by default.

    Raises
    ------
    InputError
        If there is no such locked version, or the two span different months.
    """
    locked = locked_versions(workspace, now.name)
    if not locked:
        raise InputError(
            f"No version of {now.name!r} is locked, so there is nothing to compare with."
        )
    first = locked[-1] if before is None else _named(locked, before)
    last = None if after is None else _named(locked, after)
    one = parse_register(first["register"], name=first["version"]["hash"][:12])
    other = (
        now if last is None else parse_register(last["register"], name=last["version"]["hash"][:12])
    )
    return {
        "before": first["version"]["hash"],
        "after": "the register as it stands" if last is None else last["version"]["hash"],
        "differences": [
            {"path": d.path, "before": d.before, "after": d.after} for d in differences(one, other)
        ],
        "base_before_usd": base_case(one.cost_tree()).total,
        "bridge": [{"entry": s.label, "usd": s.value_usd} for s in version_bridge(one, other)],
        "base_after_usd": base_case(other.cost_tree()).total,
    }


def _named(locked: Sequence[dict[str, Any]], beginning: str) -> dict[str, Any]:
    found = [one for one in locked if one["version"]["hash"].startswith(beginning)]
    if len(found) != 1:
        there = ", ".join(one["version"]["hash"][:12] for one in locked)
        raise InputError(f"{len(found)} locked versions begin with {beginning!r}; there: {there}.")
    return found[0]
