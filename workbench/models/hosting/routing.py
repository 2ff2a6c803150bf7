"""Prompts routed by class of data: what one API may not process goes to another that may.

Of two managed APIs the first takes the classes it may process and the second the others, each
at its own price, by the share of prompts that carry them. The mix of tokens is taken as that of
all prompts; a class with other lengths moves the cost by that much.
"""

from collections.abc import Sequence
from dataclasses import replace

from workbench.models.hosting.options import Option, Tolerance
from workbench.models.hosting.placement import classes_allowed, may_be_held, refused_share
from workbench.models.hosting.where import Candidate


def routed_candidates(managed: Sequence[Candidate], limits: Tolerance) -> list[Candidate]:
    """Return each pair of managed APIs of which one may process what the other may not.

    Parameters
    ----------
    managed
        The API in use and the owner's others, each with one place.
    limits
        The owner's rules, and the classes among the prompts.
    """
    return [
        _pair(first, second, limits, share)
        for first in managed
        for second in managed
        if first is not second and (share := _rest(first.option, second.option, limits))
    ]


def _rest(first: Option, second: Option, limits: Tolerance) -> float:
    """Return the share of prompts that goes to the second; 0 where the pair makes no sense."""
    one, other = first.all_places[0], second.all_places[0]
    share = refused_share(one, limits.classes, limits.rules)
    taken = classes_allowed(one, limits.classes, limits.rules)
    able = classes_allowed(other, limits.classes, limits.rules)
    held = all(may_be_held(each.regions, limits.allowed_regions) for each in (one, other))
    return share if 0 < share < 1 and held and taken | able == set(limits.classes) else 0.0


def _pair(first: Candidate, second: Candidate, limits: Tolerance, share: float) -> Candidate:
    one, other = first.option, second.option
    taken = classes_allowed(one.all_places[0], limits.classes, limits.rules)
    places = (
        replace(one.all_places[0], data_classes=taken),
        replace(other.all_places[0], data_classes=frozenset(limits.classes) - taken),
    )
    option = replace(
        one,
        name=f"Split: {100 * share:.0f} % on {_short(other)}, rest {_short(one)}",
        usd_per_mtok=share * other.usd_per_mtok + (1 - share) * one.usd_per_mtok,
        availability=share * other.availability + (1 - share) * one.availability,
        ttft_p95_s=float("nan"),
        weeks_to_live=max(one.weeks_to_live, other.weeks_to_live),
        regions=one.regions | other.regions,
        places=places,
        barred=tuple(dict.fromkeys((*one.barred, *other.barred))),
    )
    note = ", ".join(dict.fromkeys(each.note or "not stated" for each in (first, second)))
    return Candidate(option=option, basis="list price", note=note, kind="routed")


def _short(option: Option) -> str:
    return option.name.rsplit(", ", 1)[-1]
