"""How the traffic moves to the new model once the comparison says it may."""

from dataclasses import dataclass

from workbench.models.model_upgrade.comparison import MARGIN_OTHER, UpgradeComparison
from workbench.models.model_upgrade.non_inferiority import unpaired_cases_needed


@dataclass(frozen=True, slots=True, kw_only=True)
class CutOverStep:
    """One step of the traffic moved to the new model."""

    share: float
    hold_hours: float
    requests_needed: int
    """Requests on the new model before the next step; set by the margin."""


def cut_over_plan(
    comparison: UpgradeComparison,
    *,
    requests_per_hour: float,
    steps: tuple[float, ...] = (0.01, 0.05, 0.25, 0.5, 1.0),
) -> tuple[CutOverStep, ...]:
    """Return the steps of a cut-over; empty unless the verdict is to cut over.

    Each step holds 24 hours, or longer until the new model has answered as many requests as an
    unpaired comparison at five percentage points needs.
    """
    if comparison.verdict != "cut over":
        return ()
    if requests_per_hour <= 0:
        raise ValueError("a plan needs traffic")
    rate = min(0.99, max(0.5, comparison.quality.new_rate))
    needed = unpaired_cases_needed(success_rate=rate, margin=MARGIN_OTHER)
    return tuple(
        CutOverStep(
            share=share,
            hold_hours=max(24.0, needed / (requests_per_hour * share)),
            requests_needed=needed,
        )
        for share in steps
    )
