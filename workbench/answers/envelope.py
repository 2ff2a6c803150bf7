"""What may AI cost, by month and year? Registers with what the logs measure of them, drawn."""

import calendar
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from workbench.answers import Source
from workbench.answers.measured import measured_correlations, measured_leaves
from workbench.answers.missing_days import newest_estimates
from workbench.answers.vintages import outcomes_of, scope_of, scored
from workbench.errors import InputError
from workbench.models.envelope.leaves import Measured
from workbench.models.provider_exit.lifecycle import BINDING_WORDS
from workbench.models.scoring import EnvelopeOutcome
from workbench.playbook.assumptions.register import Register
from workbench.playbook.assumptions.report import EnvelopeReport, envelope_report
from workbench.playbook.assumptions.scenarios import (
    Scenario,
    expired,
    parse_register,
    read_scenario,
    with_scenarios,
)
from workbench.reference import read_table
from workbench.yaml_files import read_yaml


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceEnvelope:
    """One register of a workspace, what was measured for it, and its envelope."""

    register: Register
    scenarios: tuple[Scenario, ...]
    measured: Mapping[str, Measured]
    correlations: Mapping[str, float]
    """Measured ones, by the name of their entry."""
    report: EnvelopeReport
    expired: tuple[str, ...]
    retirements: tuple[str, ...]
    """Models in use that retire within the span and that no event foresees."""

    def as_dict(self) -> dict[str, Any]:
        """Return the figures as plain data, each driver with where it comes from."""
        return {
            "register": self.register.name,
            "scenarios": [scenario.name for scenario in self.scenarios],
            **self.report.as_dict(),
            "drivers": {
                name: _driver(self.register, name, self.measured.get(name))
                for name in self.register.drivers
            },
            "fixed_usd": [
                sum(month) for month in zip(*self.report.case.fixed.values(), strict=True)
            ]
            or [0.0] * self.register.months,
            "correlations": {
                name: {
                    "rho": self.correlations.get(name, entry.rho),
                    "basis": "measured" if name in self.correlations else "assumption",
                }
                for name, entry in self.register.correlations.items()
            },
            "expired": list(self.expired),
            "retirements": list(self.retirements),
        }


def registers(folder: Path) -> dict[str, Register]:
    """Return the registers of a workspace by name; other files of assumptions are passed over."""
    found: dict[str, Register] = {}
    for path in sorted((folder / "assumptions").glob("*.yaml")):
        content = read_yaml(path)
        if not isinstance(content, dict) or content.get("kind") != "assumptions":
            continue
        register = parse_register(content, name=str(path))
        if register.name in found:
            raise InputError(f"{path}: a second register is named {register.name!r}. Rename one.")
        found[register.name] = register
    return found


def chosen_register(folder: Path, name: str | None = None) -> Register:
    """Return the register of that name, or the only one there is.

    Raises
    ------
    InputError
        If there is none, several and no name, or none of that name.
    """
    found = registers(folder)
    if not found:
        raise InputError(
            f"{folder / 'assumptions'}: no register of assumptions. Begin one from the logs with "
            "`workbench assumptions start`, or give a file with --inputs."
        )
    if name is None and len(found) == 1:
        return next(iter(found.values()))
    if name not in found:
        raise InputError(f"Choose a register with --register: {', '.join(found)}.")
    return found[name]


def scenarios_of(folder: Path, register: Register, names: Sequence[str] = ()) -> list[Scenario]:
    """Return the scenarios over a register: those of `scenarios/*.yaml`, or the named ones."""
    there = [read_scenario(path) for path in sorted((folder / "scenarios").glob("*.yaml"))]
    fitting = {one.name: one for one in there if one.base == register.name}
    unknown = sorted(set(names) - set(fitting))
    if unknown:
        raise InputError(
            f"No scenario {', '.join(unknown)} over {register.name!r}; "
            f"there: {', '.join(fitting) or 'none'}."
        )
    return [fitting[name] for name in names] if names else list(fitting.values())


def envelope(
    source: Source, register: Register, scenarios: Sequence[Scenario] = ()
) -> WorkspaceEnvelope:
    """Draw a register with its measured leaves and the scenarios laid over it."""
    laid_over = with_scenarios(register, scenarios)
    measured = measured_leaves(source, laid_over)
    correlations = measured_correlations(source, laid_over)
    return WorkspaceEnvelope(
        register=laid_over,
        scenarios=tuple(scenarios),
        measured=measured,
        correlations=correlations,
        report=envelope_report(laid_over, measured=measured, correlations=correlations),
        expired=tuple(expired(laid_over, scenarios, as_of=source.as_of)),
        retirements=tuple(unforeseen_retirements(source, laid_over)),
    )


def unforeseen_retirements(source: Source, register: Register) -> list[str]:
    """Return models of the last four weeks that retire within the span and no event foresees."""
    used = source.rows(
        "SELECT DISTINCT lower(provider || '/' || model) AS name FROM rollup_day "
        "WHERE day > CAST($as_of AS DATE) - INTERVAL 28 DAY AND day <= $as_of",
        {"as_of": source.as_of},
    )
    names = {row["name"] for row in used}
    foreseen = {one.retires.lower() for one in register.events.values() if one.retires}
    months = register.month_names
    return [
        f"{row['provider']}/{row['model']} on {row['retires_on']}"
        for row in read_table("model_lifecycle")
        if row["retires_on"]
        and row["confidence"] in BINDING_WORDS
        and months[0] <= row["retires_on"][:7] <= months[-1]
        and (name := f"{row['provider']}/{row['model']}".lower()) in names
        and name not in foreseen
    ]


def monthly_usd(source: Source, features: Sequence[str] = ()) -> dict[str, float]:
    """Return contract cost by whole month up to the last complete day, USD.

    Parameters
    ----------
    features
        Count these alone; none given means all.
    """
    rows = source.rows(
        "SELECT strftime(day, '%Y-%m') AS month, CAST(sum(contract_pico) AS DOUBLE) / 1e12 AS usd "
        "FROM rollup_day WHERE len($features) = 0 OR list_contains($features, feature) "
        "GROUP BY 1 ORDER BY 1",
        {"features": list(features)},
    )
    return {
        row["month"]: row["usd"]
        for row in rows
        if row["usd"] is not None and last_day(row["month"]) <= source.as_of
    }


def record(source: Source, register: Mapping[str, Any]) -> list[EnvelopeOutcome]:
    """Return the locked months of a register beside what they cost, oldest first."""
    actual = monthly_usd(source, scope_of(register))
    return outcomes_of(source.workspace.layout.root, register["name"], actual)


def last_day(month: str) -> date:
    """Return the last day of a month written as YYYY-MM."""
    year, number = (int(part) for part in month.split("-"))
    return date(year, number, calendar.monthrange(year, number)[1])


def document(source: Source) -> dict[str, Any] | None:
    """Return every register with its tree, measured leaves and record, for the page to redraw."""
    folder = source.workspace.layout.root
    there = registers(folder)
    if not there:
        return None
    history = monthly_usd(source)
    found = {}
    for name, register in there.items():
        drawn = envelope(source, register)
        outcomes = record(source, register.as_dict())
        score = scored(outcomes)
        found[name] = {
            "register": register.as_dict(),
            "measured": {key: asdict(leaf) for key, leaf in drawn.measured.items()},
            "correlations": dict(drawn.correlations),
            "report": drawn.as_dict(),
            "score": None if score is None else asdict(score),
            "outcomes": [asdict(outcome) for outcome in outcomes],
            "scenarios": {
                scenario.name: {
                    "register": with_scenarios(register, [scenario]).as_dict(),
                    "changes": [change.model_dump(mode="json") for change in scenario.changes],
                    "report": _in_short(envelope(source, register, [scenario])),
                }
                for scenario in scenarios_of(folder, register)
            },
            "expired": list(drawn.expired),
            "retirements": list(drawn.retirements),
        }
    return {
        "as_of": source.as_of.isoformat(), "history": history, "registers": found,
        "missing_days": newest_estimates(source),
    }  # fmt: skip


def _in_short(drawn: WorkspaceEnvelope) -> dict[str, Any]:
    """Return total and risk: what a comparison of scenarios shows."""
    content = drawn.report.as_dict()
    return {name: content[name] for name in ("total", "risk")}


def _driver(register: Register, name: str, measured: Measured | None) -> dict[str, Any]:
    entry = register.drivers[name]
    if measured is not None:
        return {"p50": measured.p50, "basis": "measured", "source": measured.source}
    return {
        "p50": entry.value, "basis": "assumption", "source": entry.source, "owner": entry.owner,
        "dated": entry.dated.isoformat(), "expires": entry.expires.isoformat(),
    }  # fmt: skip
