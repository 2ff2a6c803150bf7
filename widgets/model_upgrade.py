"""May a new model replace the old one? Verdict, differences, cost per success, cut-over plan."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from widgets.page import Choice, Control, Page, Section, Snapshot, Values, day
from workbench.figures import model_upgrade as figures
from workbench.figures.caption import Caption
from workbench.figures.cards import Table, View
from workbench.models.model_upgrade import (
    CutOverStep,
    Efficiency,
    NonInferiority,
    UpgradeComparison,
)

NONE = "none"
NOTHING = (
    "No upgrade is on file. List its two result files under `upgrades` in the feature's dossier "
    "and publish again."
)


def page(snapshot: Snapshot | None = None) -> Page:
    """Return the page on the workspace's current snapshot, or on the one given."""
    return Page(
        question="model_upgrade", controls=controls, load=load, draw=draw, snapshot=snapshot
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Upgrade:
    """What the page needs of one upgrade on file."""

    head: Mapping[str, Any]
    """As the dossier states it; empty where there is none."""
    comparison: UpgradeComparison | None
    plan: tuple[CutOverStep, ...]
    as_of: str
    feedback: Mapping[str, Any] | None


def controls(snapshot: Any) -> list[Control]:  # noqa: ANN401 - a Snapshot or a test's
    """Return the inputs: which upgrade."""
    found = (snapshot.document("model_upgrade") or {}).get("upgrades", [])
    options = [(f"{one['feature']}: {one['name']}", _key(one)) for one in found]
    settled = [_key(one) for one in found if one.get("verdict") == "cut over"]
    return [
        Section("Show"),
        Choice(
            name="upgrade",
            label="Upgrade",
            value=settled[0] if settled else None,
            options=options or [("none on file", NONE)],
        ),
    ]


def _key(one: Mapping[str, Any]) -> str:
    return f"{one['feature']}/{one['name']}"


def load(snapshot: Any, values: Values) -> Upgrade:  # noqa: ANN401
    """Read one upgrade as publishing compared it."""
    document = snapshot.document("model_upgrade") or {}
    head = next((u for u in document.get("upgrades", []) if _key(u) == values["upgrade"]), {})
    found = head.get("comparison")
    return Upgrade(
        head=head, comparison=comparison_of(found) if found else None,
        plan=tuple(CutOverStep(**step) for step in head.get("plan", ())),
        as_of=str(document.get("as_of") or ""),
        feedback=(document.get("feedback") or {}).get(head.get("feature")),
    )  # fmt: skip


def comparison_of(found: Mapping[str, Any]) -> UpgradeComparison:
    """Return a comparison as the model gave it, from what was published of it."""
    return UpgradeComparison(
        **{
            **found, "quality": NonInferiority(**found["quality"]),
            "safety": {name: NonInferiority(**test) for name, test in found["safety"].items()},
            "old": Efficiency(**found["old"]), "new": Efficiency(**found["new"]),
            "reasons": tuple(found["reasons"]),
        }
    )  # fmt: skip


def draw(data: Upgrade, _: Values) -> View:
    """Return all the page shows."""
    head, found = data.head, data.comparison
    if not head:
        return View(answer=NOTHING, scope="Upgrades from the dossiers of the workspace")
    scope = (
        f"{head['feature']}, {head['old_model']} to {head['new_model']}, evaluated "
        f"{day(head.get('evaluated_on'))}"
        + (", synthetic results" if head.get("synthetic") else "")
    )
    if found is None:
        return View(
            answer="The upgrade cannot be compared yet.", scope=scope, notice=head["missing"]
        )
    files = f"{head['old_results']} and {head['new_results']}"
    return View(
        answer=figures.answer(found, old=head["old_model"], new=head["new_model"]),
        scope=scope,
        notice=" ".join(f"{reason[0].upper()}{reason[1:]}." for reason in found.reasons),
        tiles=figures.tiles(found, evaluated=f"evaluated {day(head.get('evaluated_on'))}"),
        cards=(
            figures.differences(
                Caption(
                    title=figures.difference_title(found), span="wide",
                    subtitle="Percentage points, new minus old on the same cases; the whisker ends at "
                    "the lower bound (one-sided 97.5 %), dotted line is the margin",
                    foot=f"Measured from {files}",
                ),
                comparison=found,
            ),
            figures.cost_per_success(
                Caption(
                    title=figures.cost_title(found), span="narrow",
                    subtitle="{unit} per successful case; failed cases cost and do not count",
                    foot="Measured, tokens and thinking included",
                ),
                comparison=found,
            ),
            figures.cut_over(
                Caption(
                    title=figures.plan_title(data.plan), unit="%",
                    subtitle="% of traffic on the new model, by day of the cut-over", span="half",
                    foot="Each step holds a day, or until enough requests were seen",
                ),
                steps=data.plan,
            ),
            figures.efficiency_table(found, old=head["old_model"], new=head["new_model"]),
        ),
        details=(figures.plan_table(data.plan), _feedback(data)),
    )  # fmt: skip


def _feedback(data: Upgrade) -> Table:
    return figures.feedback_table(
        data.feedback, subtitle=f"Corrections by users to {day(data.as_of)}"
    )
