"""Where does a feature's data live, against where its dossier lets it? From the dossiers alone."""

from typing import Any

from workbench.models.hosting.placement import inside
from workbench.playbook.dossier import Dossier, RetentionRule


def places_of(dossier: Dossier) -> list[dict[str, Any]]:
    """Return where all that a feature depends on and keeps its records in lies, and where it may.

    A store goes with its own data class, anything else with each class of the feature. A store
    that is not named (no `kept_in`, no region) is not among them.
    """
    flows = [
        (
            one.kind, one.name or "/".join(part for part in (one.provider, one.model) if part),
            [*one.regions, *([one.region] if one.region else [])], None,
        )
        for one in dossier.dependencies
    ]  # fmt: skip
    flows += [
        ("store", kept.kept_in or kept.store, where, kept.data_class)
        for kept in dossier.retention
        if (where := where_kept(kept)) is not None
    ]
    return [
        {
            "feature": dossier.feature, "kind": kind, "what": what, "regions": named,
            "data_class": data_class, "allowed": dossier.allowed_regions,
            "verdict": _verdict(named, dossier.allowed_regions),
        }
        for kind, what, named, data_class in flows
    ]  # fmt: skip


EVERYWHERE = ("all", "global")
"""What the storage prices say where one price holds in every region."""


def where_kept(kept: RetentionRule) -> list[str] | None:
    """Return the region of a store, none where its place has none, None where no place is named."""
    if kept.region:
        return [kept.region]
    if not kept.kept_in:
        return None
    named = kept.kept_in.rpartition("(")[2].rstrip(")") if kept.kept_in.endswith(")") else ""
    return [named] if named and named not in EVERYWHERE else []


def _verdict(named: list[str], allowed: list[str]) -> str:
    if not named:
        return "not stated"
    if not allowed:
        return "no limit stated"
    return "inside" if all(inside(one, allowed) for one in named) else "outside"
