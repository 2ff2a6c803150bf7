"""The exit part of a dossier: ways out, what is held, and what starts the plan."""

from datetime import date

from pydantic import Field

from workbench.playbook.dossier_part import NonNegative, Part, Share


class ExitVariant(Part):
    """One way out: its steps, staff, time and cost."""

    steps: list[str] = Field(default_factory=list)
    staff: list[str] = Field(default_factory=list)
    days: NonNegative | None = None
    cost_usd: NonNegative | None = None


class FineTune(Part):
    """A model trained at the provider, which does not come along."""

    model: str
    training_tokens: NonNegative


class Promise(Part):
    """Spend promised to the provider."""

    until: date
    usd_per_month: NonNegative
    reusable_share: Share = 0.0


class Holdings(Part):
    """What is held at the provider beside prompts and evaluations, as far as no log counts it."""

    fine_tunes: list[FineTune] = Field(default_factory=list)
    embedding_corpus_tokens: NonNegative = 0.0
    vectors: NonNegative = 0.0
    data_gb: NonNegative = 0.0
    notice_usd_per_day: NonNegative = 0.0
    commitments: list[Promise] = Field(default_factory=list)


class TriggerLimits(Part):
    """Where an indicator starts the exit plan; measured by the workbench."""

    availability_below: Share | None = None
    price_rise_above: NonNegative | None = Field(None, description="share, 0.25 is 25 %, in a year")
    concentration_above: Share | None = Field(None, description="HHI of spend by provider")
    days_to_retirement_below: NonNegative | None = None
    acceptance_below: Share | None = Field(None, description="accepted tasks in the logs")


class Exit(Part):
    """The exit plan as DORA Art. 28(8) and SS2/21 chapter 10 ask for it."""

    stressed: ExitVariant | None = None
    planned: ExitVariant | None = None
    triggers: list[str] = Field(default_factory=list)
    alternative: str | None = None
    data_return_format: str | None = None
    tested_on: date | None = None
    measured_migrate_hours: NonNegative | None = None
    impact_tolerance_hours: NonNegative | None = None
    reserve_usd: NonNegative | None = None
    annual_savings_usd: float | None = None
    cost_p50_usd: NonNegative | None = None
    cost_p90_usd: NonNegative | None = None
    notice_days: int | None = None
    objectives: list[str] = Field(default_factory=list)
    scenarios: list[str] = Field(default_factory=list, description="plausible events it is for")
    contingency: list[str] = Field(default_factory=list, description="while the exit is under way")
    contract: str | None = Field(None, description="contract the plan belongs to")
    termination_rights: str | None = None
    reviewed_on: date | None = None
    note: str | None = None
    holdings: Holdings | None = None
    trigger_limits: TriggerLimits | None = None
