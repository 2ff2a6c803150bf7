"""How long a class of records must and may be kept, as of a date.

Bounds are taken only among rules that count from the same trigger and bind the same holder:

    lower = max of the minimums        upper = min of the maximums

Response deadlines, purge cycles and provider terms are checks of their own and never bounds.
A rule that is uncertain or unverified is shown with its word and binds nothing. Where the law
names no number, none is invented: the owner has to state one. This is not legal advice.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal

from workbench.errors import InputError
from workbench.models.retention.rules import Rule

Verdict = Literal["feasible", "conflict", "no number in law"]
CHECK_KINDS = ("response_deadline", "purge_cycle", "provider_term")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSeries:
    """One store x data class, and what is true of whoever holds it."""

    store: str
    record_classes: frozenset[str]
    """Classes of the rules the records fall under: event_logs, communications, …"""
    jurisdictions: frozenset[str]
    sectors: frozenset[str]
    holders: frozenset[str]
    """Roles of the one holder: deployer of a high-risk system, broker-dealer, …"""
    conditions: frozenset[str] = frozenset()
    """Facts stated by the owner, such as authority_request."""
    region: str | None = None
    """Region key of the store (EEA, UK, US, …); None is not stated."""
    has_transfer_basis: bool = False
    stated_days: int | None = None
    """Period the owner states, with a reason in the dossier; None is not stated."""
    on_hold: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """One end of a band, and the rules that set it."""

    days: int
    rules: tuple[Rule, ...]

    @property
    def rule_ids(self) -> tuple[str, ...]:
        """Ids of the rules that set the bound."""
        return tuple(rule.rule_id for rule in self.rules)


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """What the law asks of one series, counted from one trigger."""

    trigger: str
    verdict: Verdict
    lower: Bound | None
    upper: Bound | None
    overriding: Rule | None
    """In a conflict, the rule that wins; None where no rule says which one does."""
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A check beside the bands: a deadline, a place, an access duty, a stated period."""

    subject: str
    verdict: Literal["pass", "fail", "to do"]
    rule: Rule | None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """Everything the resolver says of one series on one day."""

    series: RecordSeries
    as_of: date
    bands: tuple[Band, ...]
    findings: tuple[Finding, ...]
    not_binding: tuple[tuple[Rule, str], ...]
    """Rules that fit and decide nothing, with the word that says why."""

    @property
    def verdict(self) -> Verdict:
        """The gravest verdict of all bands."""
        verdicts = {band.verdict for band in self.bands}
        if "conflict" in verdicts:
            return "conflict"
        return "feasible" if "feasible" in verdicts else "no number in law"

    @property
    def may_dispose(self) -> bool:
        """False under a legal hold, which overrides every period."""
        return not self.series.on_hold


def resolve(series: RecordSeries, rules: Iterable[Rule], *, as_of: date) -> Resolution:
    """Return bands by trigger, checks, and the rules that fit without binding.

    Parameters
    ----------
    series
        The store and class, with the jurisdictions, sectors and roles of its holder.
    rules
        All rules; those that don't fit are left out.
    as_of
        Day the question is asked for; rules not in force that day don't bind.

    Raises
    ------
    InputError
        If the series names no class, jurisdiction or holder: nothing could ever apply to it.
    """
    for name in ("record_classes", "jurisdictions", "holders"):
        if not getattr(series, name):
            raise InputError(f"Store {series.store!r}: no {name}. State them in the dossier.")
    fitting = [rule for rule in rules if _fits(rule, series)]
    binding, aside = [], []
    for rule in fitting:
        why = _why_not_binding(rule, series, as_of)
        if why is None:
            binding.append(rule)
        else:
            aside.append((rule, why))
    bands = _bands(binding)
    findings = (
        *_checks(binding),
        *_places(binding, series),
        *_duties(binding),
        *_stated(series, bands),
    )
    return Resolution(
        series=series, as_of=as_of, bands=bands, findings=findings, not_binding=tuple(aside)
    )


def _fits(rule: Rule, series: RecordSeries) -> bool:
    return (
        rule.record_class in series.record_classes
        and rule.reaches(series.jurisdictions)
        and (rule.sector == "all" or rule.sector in series.sectors)
        and rule.holder in series.holders
    )


def _why_not_binding(rule: Rule, series: RecordSeries, as_of: date) -> str | None:
    if not rule.may_bind:
        return rule.confidence
    if not rule.in_force(as_of):
        if rule.in_force_from is not None and as_of < rule.in_force_from:
            return f"in force from {rule.in_force_from}"
        return f"no longer in force since {rule.in_force_to}"
    if rule.condition and rule.condition not in series.conditions:
        return f"only if stated: {rule.condition}"
    return None


def _bands(rules: Iterable[Rule]) -> tuple[Band, ...]:
    by_trigger: dict[str, list[Rule]] = defaultdict(list)
    for rule in rules:
        if rule.kind in ("minimum", "extended_minimum", "maximum", "no_number"):
            by_trigger[rule.trigger].append(rule)
    return tuple(_band(trigger, group) for trigger, group in sorted(by_trigger.items()))


def _band(trigger: str, rules: list[Rule]) -> Band:
    lower = _bound([r for r in rules if r.kind in ("minimum", "extended_minimum")], lowest=False)
    upper = _bound([r for r in rules if r.kind == "maximum"], lowest=True)
    overriding = None
    if lower is None and upper is None:
        verdict: Verdict = "no number in law"
        reason = f"{', '.join(rule.rule_id for rule in rules)}: the owner states a period and why"
    elif lower is not None and upper is not None and lower.days > upper.days:
        verdict = "conflict"
        overriding, reason = conflict_winner(lower, upper)
    else:
        verdict, reason = "feasible", "inside the law"
    return Band(
        trigger=trigger, verdict=verdict, lower=lower, upper=upper,
        overriding=overriding, reason=reason,
    )  # fmt: skip


def _bound(rules: list[Rule], *, lowest: bool) -> Bound | None:
    def days(rule: Rule) -> int:
        assert rule.period is not None  # Rule refuses a bound without one
        return rule.period.shortest_days if lowest else rule.period.longest_days

    if not rules:
        return None
    best = (min if lowest else max)(days(rule) for rule in rules)
    return Bound(days=best, rules=tuple(rule for rule in rules if days(rule) == best))


def conflict_winner(lower: Bound, upper: Bound) -> tuple[Rule | None, str]:
    """Return the rule that overrides in a conflict, and the reason in words.

    A maximum with an exception for legal duties yields to a minimum set by law. Without such
    an exception no rule here says which one wins, and a person has to decide.
    """
    yields = all(rule.yields_to_legal_duty for rule in upper.rules)
    minimum, maximum = lower.rules[0], upper.rules[0]
    spread = f"minimum {lower.days} days against maximum {upper.days} days"
    if yields:
        reason = (
            f"{spread}: {maximum.rule_id} ({maximum.citation}) excepts what law requires, "
            f"so {minimum.rule_id} ({minimum.citation}) overrides"
        )
        return minimum, reason
    return None, (
        f"{spread}: {maximum.rule_id} ({maximum.citation}) has no exception for legal duties; "
        "counsel decides, and the decision is recorded"
    )


def _checks(rules: Iterable[Rule]) -> list[Finding]:
    return [
        Finding(
            subject=rule.kind,
            verdict="to do",
            rule=rule,
            text=f"{rule.citation}: {rule.period.longest_days} days from {rule.trigger}",
        )
        for rule in rules
        if rule.kind in CHECK_KINDS and rule.period is not None
    ]


def _places(rules: Iterable[Rule], series: RecordSeries) -> list[Finding]:
    findings = []
    for rule in rules:
        if not rule.allowed_regions:
            if rule.place_words:
                findings.append(
                    Finding(subject="place", verdict="to do", rule=rule, text=rule.place_words)
                )
            continue
        allowed = series.region in rule.allowed_regions or series.has_transfer_basis
        verdict = "to do" if series.region is None else "pass" if allowed else "fail"
        where = "not stated" if series.region is None else series.region
        text = f"store {series.store} in {where}; {rule.citation}: {rule.place_words}"
        findings.append(Finding(subject="place", verdict=verdict, rule=rule, text=text))
    return findings


def _duties(rules: Iterable[Rule]) -> list[Finding]:
    findings = []
    for rule in rules:
        if rule.access_period is not None:
            text = f"{rule.citation}: first {rule.access_period.longest_days} days {rule.access}"
            findings.append(Finding(subject="access", verdict="to do", rule=rule, text=text))
        if rule.immutability:
            text = f"{rule.citation}: {rule.immutability}"
            findings.append(Finding(subject="immutability", verdict="to do", rule=rule, text=text))
    return findings


def _stated(series: RecordSeries, bands: tuple[Band, ...]) -> list[Finding]:
    if series.stated_days is None:
        return [
            Finding(
                subject="stated period", verdict="to do", rule=None,
                text=f"store {series.store}: no period is stated; state one and why",
            )
        ]  # fmt: skip
    findings = []
    for band in bands:
        short = band.lower is not None and series.stated_days < band.lower.days
        long = band.upper is not None and series.stated_days > band.upper.days
        excused = long and band.overriding is not None
        failing = band.lower if short else band.upper if long and not excused else None
        text = f"{series.stated_days} days from {band.trigger}: " + (
            "too short" if short else "too long" if failing else "inside the law"
        )
        rule = failing.rules[0] if failing else None
        verdict = "fail" if failing else "pass"
        findings.append(Finding(subject="stated period", verdict=verdict, rule=rule, text=text))
    return findings
