"""The owner's limits as published and as chosen on the page: regions, classes of data, terms."""

from collections.abc import Mapping
from typing import Any

from workbench.models.hosting.placement import ANYWHERE, PlacementRule, Processing

AS_THE_DOSSIER = "dossier"


def region_of(entry: Mapping[str, Any], chosen: str) -> str:
    """Return where the data must stay: as chosen, or the first place the dossier allows."""
    allowed = [str(each) for each in entry["allowed_regions"]]
    if chosen != AS_THE_DOSSIER:
        return chosen
    return ANYWHERE if not allowed or "global" in allowed else allowed[0]


def also_regions_of(entry: Mapping[str, Any], chosen: str) -> tuple[str, ...]:
    """Return the further places the dossier allows; none where one was chosen."""
    if chosen != AS_THE_DOSSIER:
        return ()
    return tuple(str(each) for each in entry["allowed_regions"][1:])


def places_of(entry: Mapping[str, Any]) -> tuple[list[str], str]:
    """Return where the model in use is called, and how that is known: the log, else the dossier."""
    if entry["regions"]:
        return sorted(entry["regions"]), ", ".join(sorted(entry["regions"]))
    stated = [str(each) for each in sorted(entry.get("stated_regions") or ())]
    return stated, f"{', '.join(stated)} by the dossier" if stated else "not logged"


def processing_of(entry: Mapping[str, Any]) -> Processing:
    """Return whether a provider keeps prompts, as published; it does where nothing is said."""
    kept = (entry.get("terms") or {}).get("processing")
    return "zero_retention" if kept == "zero_retention" else "managed"


def rules_of(entry: Mapping[str, Any], chosen: str) -> tuple[PlacementRule, ...]:
    """Return where each class may be processed: by the dossier's rules, or all as chosen."""
    if chosen == AS_THE_DOSSIER:
        return tuple(
            PlacementRule(**{**one, "regions": tuple(one["regions"])})
            for one in entry.get("placement") or ()
        )
    return tuple(
        PlacementRule(data_class=str(each), processing=chosen, rule="chosen on this page")  # type: ignore[arg-type]
        for each in entry["data_classes"] or ["any"]
    )
