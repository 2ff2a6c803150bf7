"""What must be on file about one AI feature: the dossier, one YAML file each.

Everything but the feature's name may be absent: what is missing is missing evidence, and the
checks say so. A key the schema does not know is an error, so that a typing mistake is no
missing evidence.
"""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from workbench.playbook.dossier_exit import Exit
from workbench.playbook.dossier_part import NonNegative, Part, Percent, Share


def _listed(value: object) -> object:
    return [value] if isinstance(value, str | dict) else value


class Owner(Part):
    """Who answers for the feature: a role, and the account that holds it in the directory."""

    role: str
    account: str | None = Field(None, description="id in evidence/directory.csv")
    attested_on: date | None = Field(None, description="last time the owner confirmed it")
    contact: str | None = None
    unit: str | None = Field(None, description="business unit")


class UnitOfValue(Part):
    """What one success is, how logs count it, and what it is worth."""

    name: str
    counted_by: str = Field(
        "outcome resolved",
        description="requests | sessions | tickets | pages | images, or `outcome resolved`",
    )
    value_usd: NonNegative | None = None
    value_source: str | None = None
    description: str | None = None


class Baseline(Part):
    """The process that is replaced, as measured before."""

    process: str | None = None
    n: int | None = Field(None, ge=0, description="cases measured")
    mean_cost_usd: NonNegative | None = None
    sd_cost_usd: NonNegative | None = Field(None, description="standard deviation over the cases")
    errors: int | None = Field(None, ge=0)
    measured_on: date | None = None
    source: str | None = None


class Dependency(Part):
    """One thing the feature calls or writes to."""

    kind: Literal["model", "provider", "datastore", "tool", "log_sink", "backup", "service"] = (
        "model"
    )
    name: str | None = Field(None, description="datastore, tool or service")
    provider: str | None = None
    model: str | None = None
    region: str | None = None
    regions: list[str] = Field(default_factory=list)
    cloud: str | None = Field(None, description="cloud the provider runs on")
    availability: Share | None = Field(None, description="promised by its SLA, 0.999")
    sla_tiers: list[tuple[float, float]] = Field(
        default_factory=list, description="[availability below, share credited]"
    )
    claim_window_days: int | None = None
    parallel_group: str | None = Field(None, description="stands in for others of the same group")
    critical: bool | None = None
    zero_retention: bool | None = Field(
        None, description="the provider keeps no prompts or answers, by contract or setting"
    )
    terms_source: str | None = Field(None, description="where the terms on keeping are agreed")
    terms_read_on: date | None = None
    note: str | None = None


class Placement(Part):
    """Where one class of data may be processed; one row allows one kind of place."""

    data_class: str = Field(min_length=1)
    processing: Literal["managed", "zero_retention", "self_hosted"] = Field(
        description="least sheltered kind allowed: any API, one that keeps nothing, own machines"
    )
    regions: list[str] = Field(default_factory=list, description="empty: the allowed regions")
    share: Share | None = Field(None, description="of the prompts, those with this class")
    rule: str | None = Field(None, description="what the rule is called where it is written")
    source: str | None = None
    decided_on: date | None = None
    confidence: Literal["confirmed", "unverified"] = "confirmed"


class RegulationDecision(Part):
    """One rule that touches the workflow, and what was decided about it."""

    rule: str = Field(description="id in the control catalogue")
    applies: bool | None = None
    reason: str | None = None
    control: str | None = None
    owner: str | None = None
    decided_on: date | None = None


class AiAct(Part):
    """Role and risk class under the EU AI Act, and who set them."""

    role: Literal["provider", "deployer", "importer", "distributor", "none"] | None = None
    risk_class: Literal["prohibited", "high", "limited", "minimal", "not in scope"] | None = None
    annex_iii_point: str | None = None
    reason: str | None = None
    set_by: str | None = None
    reviewed_on: date | None = None
    use_changed_on: date | None = None


class Hosting(Part):
    """Which hosting pattern was chosen, and the exception when a cheaper one was not."""

    pattern: Literal["managed", "hybrid", "self-hosted"] | None = None
    chosen: str | None = Field(None, description="option in evidence/hosting_options.csv")
    exception_approved_by: str | None = None
    exception_until: date | None = None
    gpu_hours_paid: NonNegative | None = None


class Slos(Part):
    """What the feature promises."""

    availability: Share | None = None
    latency_p95_ms: NonNegative | None = None
    error_rate: Share | None = Field(None, description="accepted rate of wrong outcomes")
    pickup_p90_minutes: NonNegative | None = Field(None, description="human escalations")
    rto_hours: NonNegative | None = None
    failover_tested_on: date | None = None
    pii_rate: Share | None = Field(None, description="agreed rate of personal data left in logs")


class RolloutStep(Part):
    """One step of a staged rollout."""

    percentage: Percent
    started_at: datetime | date
    requests_needed: int | None = Field(None, ge=0, description="for the metric that decides")


class Rollout(Part):
    """Feature flag, its plan and its history."""

    flag: str | None = None
    variant: str | None = Field(None, description="value of flag_variant that is exposed")
    plan_percent: list[Percent] = Field(default_factory=list)
    steps: list[RolloutStep] = Field(default_factory=list)
    not_staged_reason: str | None = None


class Key(Part):
    """An access key."""

    id: str
    created_on: date | None = None


class Environment(Part):
    """What one environment may use; environments must not share any of it."""

    name: str
    keys: list[
        Annotated[Key, BeforeValidator(lambda v: {"id": v} if isinstance(v, str) else v)]
    ] = Field(default_factory=list)
    service_accounts: list[str] = Field(default_factory=list)
    roles: list[str] = Field(default_factory=list)
    projects: list[str] = Field(default_factory=list)
    buckets: list[str] = Field(default_factory=list)


class RetentionRule(Part):
    """How long one data class is kept in one store."""

    store: str
    data_class: str
    keep_days: int | None = Field(None, ge=0)
    kept_in: str | None = Field(
        None, description="place as the storage prices name it: AWS S3 Standard (us-east-1)"
    )
    region: str | None = Field(
        None, description="where that place lies, such as eu; else what its brackets say"
    )
    rule_ids: list[str] = Field(default_factory=list)
    trigger: str | None = None
    reason: str | None = None
    conflict_decision: str | None = Field(None, description="overriding rule and why")


class Budget(Part):
    """What may be spent a month, and the reserve above it."""

    monthly_usd: NonNegative | None = None
    reserve_usd: NonNegative | None = None
    reserve_name: str | None = None
    approved_by: str | None = None


class AuditFinding(Part):
    """One finding of a review."""

    title: str | None = None
    severity: Literal["low", "medium", "high"]
    opened_on: date
    closed_on: date | None = None


class Review(Part):
    """One review that was held."""

    kind: str = Field(description="privacy | fairness | resilience | …")
    held_on: date | None = None
    due_on: date | None = None
    findings: list[AuditFinding] = Field(default_factory=list)
    by: str | None = None
    note: str | None = None


class AcceptedRisk(Part):
    """A risk somebody accepted, and until when."""

    kind: str
    accepted_by: str
    until: date
    reason: str | None = None


class NotApplicable(Part):
    """A check that does not apply to this feature, why, and who approved that."""

    check: str
    reason: str = Field(min_length=1)
    approver: str = Field(min_length=1)
    approved_on: date | None = None


class Migration(Part):
    """A dated plan to leave a model."""

    model: str
    to_model: str
    complete_by: date


class Upgrade(Part):
    """One change of model: the two result files, and when it was evaluated and cut over."""

    name: str
    old_model: str
    new_model: str
    old_results: str = Field(description="path below the workspace")
    new_results: str = Field(description="path below the workspace")
    critical: bool = True
    evaluated_on: date | None = None
    cut_over_on: date | None = None
    cost_rise_approved_by: str | None = None
    purpose: Literal["upgrade", "backup"] = "upgrade"


class TargetEvaluation(Part):
    """One evaluation at a model the feature could move to."""

    provider: str
    model: str
    results: str = Field(description="result file, path below the workspace")
    baseline_results: str | None = Field(None, description="the same cases at the model in use")
    baseline_provider: str | None = None
    baseline_model: str | None = None
    evaluated_on: date | None = None
    rework_usd_per_rejected_task: NonNegative = 0.0


class Dossier(Part):
    """Everything on file about one AI feature."""

    feature: str = Field(min_length=1, description="as in the column `feature` of the usage logs")
    schema_version: int = 1
    synthetic: bool = False
    product: str | None = None
    title: str | None = None
    summary: str | None = None
    owner: Annotated[list[Owner], BeforeValidator(_listed)] = Field(default_factory=list)
    success_criteria: Annotated[list[str], BeforeValidator(_listed)] = Field(default_factory=list)
    unit_of_value: UnitOfValue | None = None
    baseline: Baseline | None = None
    dependencies: list[Dependency] = Field(default_factory=list)
    jurisdictions: list[str] = Field(default_factory=list)
    sector: str | None = None
    data_classes: list[str] = Field(default_factory=list)
    regulations: list[RegulationDecision] = Field(default_factory=list)
    ai_act: AiAct | None = None
    ai_act_role: str | None = Field(None, description="short form of ai_act.role")
    hosting_pattern: str | None = Field(None, description="short form of hosting.pattern")
    hosting: Hosting | None = None
    allowed_regions: list[str] = Field(default_factory=list)
    data_placement: list[Placement] = Field(
        default_factory=list, description="where each data class may be processed"
    )
    slos: Slos | None = None
    rollout: Rollout | None = None
    environments: list[Environment] = Field(default_factory=list)
    retention: list[RetentionRule] = Field(default_factory=list)
    budget: Budget | None = None
    backup_provider: str | None = None
    exit: Exit | None = None
    migrations: list[Migration] = Field(default_factory=list)
    upgrades: list[Upgrade] = Field(default_factory=list)
    evaluations: list[TargetEvaluation] = Field(default_factory=list)
    reviews: list[Review] = Field(default_factory=list)
    accepted_risks: list[AcceptedRisk] = Field(default_factory=list)
    not_applicable: list[NotApplicable] = Field(default_factory=list)
    uses_retrieval: bool | None = Field(None, description="answers rest on retrieved documents")
    high_impact: bool | None = Field(None, description="every answer counts as high-impact")
    critical: bool | None = Field(None, description="critical or important function")
