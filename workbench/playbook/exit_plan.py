"""The exit plan of one feature as a document: what is asked, what is on file, what is missing.

One HTML file without scripts or outside addresses, with a print style sheet; the same content
as plain data for other exports. All text from the dossier is escaped.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape
from typing import Any

from workbench.models.provider_exit.lifecycle import Exposure
from workbench.models.provider_exit.schedule import Schedule, ScheduleRisk
from workbench.models.provider_exit.uncertainty import Fan
from workbench.playbook.dossier import Dossier
from workbench.playbook.drill import DrillRecord, measured_failover_hours
from workbench.playbook.exit_requirements import REQUIREMENTS, TESTED, Answered, answered

Row = tuple[str, ...]

STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, sans-serif; color: #1a1a1a; max-width: 60rem; margin: 2rem auto;
  padding: 0 1rem; font-variant-numeric: tabular-nums; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; }
h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
p.scope { color: #555; margin: 0 0 1rem; }
table { border-collapse: collapse; width: 100%; margin: 0 0 1.2rem; }
td:first-child, th:first-child { width: 42%; }
th, td { text-align: left; vertical-align: top; padding: .4rem .6rem .4rem 0;
  border-bottom: 1px solid #ddd; }
th { font-weight: 600; }
tr.total td { font-weight: 600; border-top: 1.5px solid #1a1a1a; }
td.number, th.number { text-align: right; }
.missing { color: #D55E00; font-weight: 600; }
.source { color: #555; font-size: .85em; }
.notice { border: 1px solid #D55E00; padding: .6rem .8rem; }
@media print {
  @page { size: A4; margin: 18mm; }
  body { font-size: 10pt; max-width: none; margin: 0; padding: 0; }
  h2 { break-after: avoid; }
  tr { break-inside: avoid; }
  thead { display: table-header-group; }
}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitEstimate:
    """What the exit model says of one variant."""

    variant: str
    components_usd: Mapping[str, Fan]
    total_usd: Fan
    schedule: Schedule
    risk: ScheduleRisk


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitPlan:
    """Everything the document holds."""

    dossier: Dossier
    as_of: date
    answers: tuple[Answered, ...]
    estimates: tuple[ExitEstimate, ...] = ()
    exposures: tuple[Exposure, ...] = ()
    drills: tuple[DrillRecord, ...] = ()
    notes: tuple[str, ...] = ()
    """What the estimates rest on."""

    @property
    def missing(self) -> tuple[Answered, ...]:
        """What the dossier does not say."""
        return tuple(one for one in self.answers if one.is_missing)

    @property
    def verdict(self) -> str:
        """The document's first sentence."""
        open_points = len(self.missing)
        asked = len(REQUIREMENTS)
        if open_points:
            return f"Incomplete: {open_points} of {asked} points are not on file."
        return f"All {asked} points are on file; whether they suffice is for a person to judge."


def exit_plan(
    dossier: Dossier,
    *,
    as_of: date,
    estimates: Sequence[ExitEstimate] = (),
    exposures: Sequence[Exposure] = (),
    drills: Sequence[DrillRecord] = (),
    notes: Sequence[str] = (),
) -> ExitPlan:
    """Return the plan of one feature as of a day."""
    return ExitPlan(
        dossier=dossier,
        as_of=as_of,
        answers=tuple(_with_drill(one, drills) for one in answered(dossier)),
        estimates=tuple(estimates),
        exposures=tuple(exposures),
        drills=tuple(drills),
        notes=tuple(notes),
    )


def _with_drill(one: Answered, drills: Sequence[DrillRecord]) -> Answered:
    """Return the answer with the newest real drill in it: that is the test on file."""
    evidence = [drill for drill in drills if drill.is_evidence]
    if one.requirement.asks != TESTED or not evidence:
        return one
    newest = max(evidence, key=lambda drill: drill.started_at)
    drilled = (
        f"drill of {newest.started_at[:10]} moved the traffic from {newest.source} to {newest.target} "
        f"in {newest.failover_seconds:.1f} s, {newest.failed_requests} requests failed, "
        f"{newest.cost_usd:.4f} USD"
    )
    return Answered(one.requirement, "; ".join(filter(None, [drilled, one.text])))


def as_data(plan: ExitPlan) -> dict[str, Any]:
    """Return the plan as plain data for JSON."""
    hours = measured_failover_hours(plan.drills)
    return {
        "feature": plan.dossier.feature,
        "as_of": plan.as_of.isoformat(),
        "synthetic": plan.dossier.synthetic,
        "verdict": plan.verdict,
        "points": [
            {
                "section": one.requirement.section,
                "asks": one.requirement.asks,
                "sources": list(one.requirement.sources),
                "field": one.requirement.field,
                "answer": one.text or None,
            }
            for one in plan.answers
        ],
        "estimates": [
            {
                "variant": one.variant,
                "cost_usd": _fan(one.total_usd),
                "finish_days": _fan(one.risk.finish_days),
                "p_within_tolerance": one.risk.p_within_tolerance,
                "critical_path": list(one.schedule.critical_path),
            }
            for one in plan.estimates
        ],
        "notes": list(plan.notes),
        "measured_failover_hours": hours,
        "drills": [
            {"started_at": one.started_at, "moved": one.moved, "evidence": one.is_evidence,
             "failover_seconds": one.failover_seconds, "cost_usd": one.cost_usd}
            for one in plan.drills
        ],
    }  # fmt: skip


def as_html(plan: ExitPlan) -> str:
    """Return the plan as one HTML document."""
    name = escape(plan.dossier.title or plan.dossier.feature)
    synthetic = " Synthetic example." if plan.dossier.synthetic else ""
    body = [
        f"<h1>Exit plan: {name}</h1>",
        f'<p class="scope">{escape(plan.dossier.feature)}, as of {plan.as_of}.{synthetic} '
        "Not legal advice.</p>",
        f'<p class="notice">{escape(plan.verdict)}</p>',
        *_points(plan),
        *_estimates(plan),
        *_lifecycle(plan),
        *_drills(plan),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Exit plan: {name}</title><style>{STYLE}</style></head>\n<body>\n"
        + "\n".join(body)
        + "\n</body></html>\n"
    )


def _points(plan: ExitPlan) -> list[str]:
    parts: list[str] = []
    for section in dict.fromkeys(one.requirement.section for one in plan.answers):
        rows = [
            f"<tr><td>{escape(one.requirement.asks)}<br>"
            f'<span class="source">{escape("; ".join(one.requirement.sources))}</span></td>'
            f"<td>{_answer(one)}</td></tr>"
            for one in plan.answers
            if one.requirement.section == section
        ]
        head = "<thead><tr><th>Asked for</th><th>On file</th></tr></thead>"
        parts.append(
            f"<h2>{escape(section)}</h2><table>{head}<tbody>{''.join(rows)}</tbody></table>"
        )
    return parts


def _answer(one: Answered) -> str:
    if one.is_missing:
        field = escape(one.requirement.field)
        return f'<span class="missing">Missing.</span> State <code>{field}</code> in the dossier.'
    return escape(one.text)


def _estimates(plan: ExitPlan) -> list[str]:
    parts = [f'<p class="source">{escape(one)}</p>' for one in plan.notes]
    if plan.notes:
        parts.insert(0, "<h2>What leaving costs and takes</h2>")
    for one in plan.estimates:
        costs = [(name.replace("_", " "), *_money(fan)) for name, fan in one.components_usd.items()]
        costs.append(("total", *_money(one.total_usd)))
        days = one.risk.finish_days
        sentence = (
            f"Modelled: {days.p10:.0f} to {days.p90:.0f} days (P10 to P90), median {days.p50:.0f}. "
            f"Critical path: {', '.join(one.schedule.critical_path)}."
        )
        if one.variant == "stressed":
            sentence += f" {_restored(plan, one)}"
        tasks = [
            (
                task.name,
                f"{task.start_day:.0f}",
                f"{task.finish_day:.0f}",
                f"{max(0.0, task.slack_days):.0f}",
            )
            for task in one.schedule.tasks
        ]
        parts += [
            f"<h2>{escape(one.variant.capitalize())} exit: cost and time</h2>",
            f"<p>{escape(sentence)}</p>",
            _table(("Component", "P10, USD", "P50, USD", "P90, USD"), costs),
            _table(("Step", "from day", "to day", "slack, days"), tasks),
        ]
    return parts


def _restored(plan: ExitPlan, estimate: ExitEstimate) -> str:
    """Say when the service is back after a failure: as drilled, or as modelled without a backup."""
    hours = measured_failover_hours(plan.drills)
    tolerance = plan.dossier.exit.impact_tolerance_hours if plan.dossier.exit else None
    if tolerance is None:
        return "No impact tolerance is stated."
    if hours is not None:
        word = "inside" if hours <= tolerance else "beyond"
        return f"Measured in a drill: the backup serves after {hours:.2f} h, {word} the tolerance of {tolerance:g} h."
    share = estimate.risk.p_within_tolerance
    modelled = "" if share is None else f", the exit itself ends inside it in {share:.0%} of draws"
    return f"No real drill says when the backup serves; the tolerance is {tolerance:g} h{modelled}."


def _lifecycle(plan: ExitPlan) -> list[str]:
    if not plan.exposures:
        return []
    rows = [
        (
            f"{one.provider}/{one.model}", one.verdict,
            "" if one.retires_on is None else one.retires_on.isoformat(),
            one.confidence or "", ", ".join(one.successors),
        )
        for one in plan.exposures
    ]  # fmt: skip
    columns = ("Model in use", "Lifecycle", "Retires on", "Confidence", "Successors")
    return ["<h2>Models in use</h2>", _table(columns, rows, numbers=False)]


def _drills(plan: ExitPlan) -> list[str]:
    parts = ["<h2>Drills</h2>"]
    if not plan.drills:
        parts.append('<p class="missing">No drill is on file.</p>')
        return parts
    rows = [
        (
            one.started_at, f"{one.source} to {one.target}",
            "synthetic, no evidence" if one.is_synthetic else "moved" if one.moved else "not moved",
            "" if one.failover_seconds is None else f"{one.failover_seconds:.2f}",
            f"{one.failed_requests} of {one.requests}", f"{one.cost_usd:.6f}",
        )
        for one in plan.drills
    ]  # fmt: skip
    columns = ("Started", "From, to", "Result", "Failover, s", "Failed", "Cost, USD")
    parts.append(_table(columns, rows, numbers=False))
    return parts


def _table(columns: Row, rows: Sequence[Row], *, numbers: bool = True) -> str:
    def cells(values: Row, tag: str) -> str:
        return "".join(
            f"<{tag}{' class=number' if numbers and place else ''}>{escape(text)}</{tag}>"
            for place, text in enumerate(values)
        )

    body = "".join(
        f"<tr{' class=total' if row[0] == 'total' else ''}>{cells(row, 'td')}</tr>" for row in rows
    )
    return f"<table><thead><tr>{cells(columns, 'th')}</tr></thead><tbody>{body}</tbody></table>"


def _money(fan: Fan) -> Row:
    return (f"{fan.p10:,.0f}", f"{fan.p50:,.0f}", f"{fan.p90:,.0f}")


def _fan(fan: Fan) -> dict[str, float]:
    return {"p10": fan.p10, "p50": fan.p50, "p90": fan.p90, "mean": fan.mean}
