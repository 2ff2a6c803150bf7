"""What the other questions say to leadership, where their answers are published."""

from collections.abc import Mapping, Sequence
from typing import Any

from widgets.page import day
from widgets.periods import is_month, periods
from widgets.unit_economics_data import Reading, read, unit_of
from workbench.figures import overview_answers as figures
from workbench.figures.cards import Chart, Tile
from workbench.figures.overview_answers import Outlook
from workbench.models.scoring import EnvelopeScore
from workbench.models.unit_economics import unit_costs
from workbench.models.variance.bridge import variance_steps
from workbench.models.variance.months import MonthFacts, compare

UNITS = 4
"""Units of value drawn beside each other."""


def outlook_of(snapshot: Any) -> Outlook | None:  # noqa: ANN401 - a Snapshot or a test's
    """Return the first register's outlook over all its months."""
    document = _published(snapshot, "envelope")
    registers = document.get("registers") or {}
    if not registers:
        return None
    name, one = next(iter(registers.items()))
    report, score = one["report"], one.get("score")
    fixed = (report.get("fixed_usd") or [0.0])[0]
    swings = report.get("tornado") or ()
    told = {"held": f"P10–P90 {EnvelopeScore(**score).sentence}"} if score else {}
    return Outlook(
        name=name, months=report["months"], total_usd=report["total"],
        breach_share=report["risk"]["p_breach"], budget_usd=report.get("budget_usd") or (),
        likely_breach=report["risk"].get("first_likely_breach") or "",
        widest=swings[0]["name"] if swings else "", by_month=report.get("by_month") or (),
        history_usd={month: usd + fixed for month, usd in (document.get("history") or {}).items()},
        fixed_usd=fixed, **told,
    )  # fmt: skip


def answered(snapshot: Any, outlook: Outlook | None) -> tuple[Tile, ...]:  # noqa: ANN401
    """Return a tile for each published answer: outlook, exposure to one provider, readiness."""
    tiles = (
        outlook and figures.outlook_tile(outlook),
        _exposed(_published(snapshot, "provider_exit")),
        _ready(_published(snapshot, "readiness")),
    )
    return tuple(tile for tile in tiles if tile is not None)


def bridge_of(snapshot: Any) -> Chart | None:  # noqa: ANN401
    """Return why the newest month cost what it did, where there are two."""
    document = _published(snapshot, "variance")
    months = sorted(document.get("months") or {})[-2:]
    if len(months) < 2:
        return None
    before, after = (MonthFacts.from_dict(document["months"][name]) for name in months)
    split = compare(before, after, successors=document["successors"]).split
    legs = [(step.label, step.value_usd) for step in variance_steps(split)]
    return figures.bridge(
        legs, start=(months[0], split.base_usd), end=(months[1], split.actual_usd)
    )


def units_of(snapshot: Any, leading: Reading, usd: Mapping[str, float]) -> Chart | None:  # noqa: ANN401
    """Return what one unit of value costs for the dearest features with a unit of their own."""
    dossiers = snapshot.dossiers()
    chosen: list[str] = []
    for counted in ("resolved", "", "requests"):
        for feature in usd:
            unit = unit_of(dossiers, feature)
            kind = unit.counted_by if unit.counted_by in ("resolved", "requests") else ""
            if kind == counted and unit.name != "request" and len(chosen) < UNITS:
                chosen.append(feature)
    if not chosen:
        return None
    where = {"environment": leading.environment, "period": leading.period.name, "basis": "contract"}
    readings = [
        leading if name == leading.feature else read(snapshot, {**where, "feature": name})
        for name in chosen
    ]
    months = [f"{p.first:%Y-%m}" for p in reversed(periods(snapshot.state())) if is_month(p)]
    return figures.unit_costs(months, [(one.unit.name, *_both_costs(one)) for one in readings])


def _both_costs(reading: Reading) -> tuple[Sequence[float | None], Sequence[float | None]]:
    """Return the fully loaded and the AI side's cost of a unit by month."""
    costs = [unit_costs(counts) for _, counts in reading.months]
    return [c.fully_loaded_usd for c in costs], [c.loaded_ai_usd for c in costs]


def _published(snapshot: Any, name: str) -> Mapping[str, Any]:  # noqa: ANN401
    """Return a document, empty where none was published or its question was refused."""
    found = snapshot.document(name) or {}
    return {} if "refused" in found else found


def _exposed(document: Mapping[str, Any]) -> Tile | None:
    spend: dict[str, float] = {}
    for row in document.get("spend") or ():
        spend[row["provider"]] = spend.get(row["provider"], 0.0) + (row["usd"] or 0.0)
    if not sum(spend.values()):
        return None
    drills = [str(one["started_at"]) for one in document.get("drills") or () if one["is_evidence"]]
    return figures.provider_tile(
        spend, days=document["window_days"], drilled_on=day(max(drills)[:10]) if drills else ""
    )


def _ready(document: Mapping[str, Any]) -> Tile | None:
    """Return how many features have passed every stage of the checks."""
    features = [one for one in document.get("features") or [] if one["feature"]]
    if not features:
        return None
    last = max(stage["stage"] for stage in document["stages"])
    return figures.ready_tile(
        {one["feature"]: one["reached_stage"] for one in features}, last_stage=last,
        as_of=f"to {day(document['as_of'])[:-5]}",
    )  # fmt: skip
