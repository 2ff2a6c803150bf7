"""What regulators ask of an exit plan, and where the dossier answers it.

References
----------
Regulation (EU) 2022/2554 (DORA), Art. 28(7)-(8), 29, 30(2)-(3). Delegated Regulation (EU)
2024/1773, Art. 10. EBA/GL/2019/02, section 15, paragraphs 106 to 108 (being replaced for
services that are not ICT; the final text was not found). PRA SS2/21, chapter 10. Regulation
(EU) 2023/2854 (Data Act), Art. 25. Read 2026-11-23; not legal advice.
"""

from collections.abc import Callable
from dataclasses import dataclass

from workbench.playbook.dossier import Dossier
from workbench.playbook.dossier_exit import Exit, ExitVariant

DORA_8 = "DORA Art. 28(8)"
DORA_CONTRACT = "DORA Art. 28(7), 30(2)-(3)"
RTS = "RTS 2024/1773 Art. 10"
EBA = "EBA/GL/2019/02 paras 106-108"
PRA = "PRA SS2/21 ch. 10"

TESTED = "sufficiently tested"
Answer = Callable[[Dossier, Exit], str]


@dataclass(frozen=True, slots=True)
class Requirement:
    """One thing the plan has to say."""

    section: str
    asks: str
    sources: tuple[str, ...]
    answer: Answer
    field: str
    """Where in the dossier the answer stands, so that a gap can be filled."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A requirement with what the dossier says; '' is missing."""

    requirement: Requirement
    text: str

    @property
    def is_missing(self) -> bool:
        """True when the dossier says nothing."""
        return not self.text


def _listed(values: list[str]) -> str:
    return "; ".join(values)


def _variant(name: str) -> Answer:
    def text(_: Dossier, plan: Exit) -> str:
        variant: ExitVariant | None = getattr(plan, name)
        if variant is None or not variant.steps:
            return ""
        days = "duration not stated" if variant.days is None else f"{variant.days:g} days"
        cost = "cost not stated" if variant.cost_usd is None else f"{variant.cost_usd:,.0f} USD"
        return f"{_listed(variant.steps)} ({days}, {cost})"

    return text


def _staff(_: Dossier, plan: Exit) -> str:
    found = {one for variant in (plan.stressed, plan.planned) if variant for one in variant.staff}
    return _listed(sorted(found))


def _owners(dossier: Dossier, _: Exit) -> str:
    return _listed([owner.role for owner in dossier.owner])


def _places(dossier: Dossier, _: Exit) -> str:
    placed = [
        f"{one.name or one.provider or one.kind}: {', '.join([*filter(None, [one.region]), *one.regions])}"
        for one in dossier.dependencies
        if one.region or one.regions
    ]
    return _listed(list(dict.fromkeys(placed)))


def _alternative(dossier: Dossier, plan: Exit) -> str:
    return plan.alternative or dossier.backup_provider or ""


def _schedule(_: Dossier, plan: Exit) -> str:
    found = [
        f"{name}: {variant.days:g} days"
        for name, variant in (("stressed", plan.stressed), ("planned", plan.planned))
        if variant and variant.days is not None
    ]
    return _listed(found)


def _tolerance(_: Dossier, plan: Exit) -> str:
    hours = plan.impact_tolerance_hours
    return "" if hours is None else f"{hours:g} hours"


def _tested(_: Dossier, plan: Exit) -> str:
    if plan.tested_on is None:
        return ""
    took = plan.measured_migrate_hours
    measured = "time not recorded" if took is None else f"migration took {took:g} hours"
    return f"tested {plan.tested_on}, {measured}"


REQUIREMENTS: tuple[Requirement, ...] = (
    Requirement(
        "Purpose", "objectives of the exit strategy", (EBA, DORA_8),
        lambda _, plan: _listed(plan.objectives), "exit.objectives",
    ),
    Requirement(
        "Purpose", "contract the plan belongs to", (RTS,),
        lambda _, plan: plan.contract or "", "exit.contract",
    ),
    Requirement(
        "Purpose", "roles and responsibilities", (EBA,), _owners, "owner",
    ),
    Requirement(
        "Triggers", "indicators that start the exit", (EBA, DORA_8),
        lambda _, plan: _listed(plan.triggers), "exit.triggers",
    ),
    Requirement(
        "Triggers", "plausible scenarios: failure, insolvency, fall in quality", (RTS, DORA_8, PRA),
        lambda _, plan: _listed(plan.scenarios), "exit.scenarios",
    ),
    Requirement(
        "Triggers", "termination rights and notice", (DORA_CONTRACT,),
        lambda _, plan: plan.termination_rights
        or ("" if plan.notice_days is None else f"notice of {plan.notice_days} days"),
        "exit.termination_rights, exit.notice_days",
    ),
    Requirement(
        "Ways out", "alternative provider or taking it in-house", (DORA_8, EBA), _alternative,
        "exit.alternative",
    ),
    Requirement(
        "Ways out", "stressed exit: steps, time, cost", (PRA, DORA_8), _variant("stressed"),
        "exit.stressed",
    ),
    Requirement(
        "Ways out", "planned exit: steps, time, cost", (PRA, DORA_8), _variant("planned"),
        "exit.planned",
    ),
    Requirement(
        "Ways out", "people and resources", (EBA, RTS), _staff,
        "exit.stressed.staff, exit.planned.staff",
    ),
    Requirement(
        "Ways out", "schedule that fits the contract", (RTS,), _schedule,
        "exit.stressed.days, exit.planned.days",
    ),
    Requirement(
        "Continuity", "impact tolerance", (PRA,), _tolerance, "exit.impact_tolerance_hours",
    ),
    Requirement(
        "Continuity", "contingency measures while it lasts", (DORA_8,),
        lambda _, plan: _listed(plan.contingency), "exit.contingency",
    ),
    Requirement(
        "Data", "return of data in an accessible format", (DORA_CONTRACT, DORA_8),
        lambda _, plan: plan.data_return_format or "", "exit.data_return_format",
    ),
    Requirement(
        "Data", "where data is kept", (DORA_CONTRACT,), _places, "dependencies[].region",
    ),
    Requirement(
        "Proof", "criteria of success", (EBA,),
        lambda dossier, _: _listed(dossier.success_criteria), "success_criteria",
    ),
    Requirement(
        "Proof", TESTED, (DORA_8, PRA, EBA), _tested,
        "exit.tested_on, exit.measured_migrate_hours",
    ),
    Requirement(
        "Proof", "reviewed", (DORA_8, RTS),
        lambda _, plan: "" if plan.reviewed_on is None else f"reviewed {plan.reviewed_on}",
        "exit.reviewed_on",
    ),
)  # fmt: skip


def answered(dossier: Dossier) -> tuple[Answered, ...]:
    """Return every requirement with the dossier's answer; without an exit plan all are missing."""
    plan = dossier.exit or Exit()  # type: ignore[call-arg]  # every field has a default
    return tuple(Answered(one, one.answer(dossier, plan)) for one in REQUIREMENTS)
