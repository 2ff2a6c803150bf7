"""Why a provider's invoice differs from what the logs cost: named causes and an unexplained rest.

All money is integer pico-USD, so the causes and the rest add up to the difference exactly.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from workbench.units import PICO_PER_USD

CENT_PICO = PICO_PER_USD // 100
TOLERANCE = 0.02
"""Share of the invoice that may stay unexplained: the usual limit of a FinOps reconciliation."""
WARNING = 0.05

FINDINGS = ("not_logged", "unpriced", "not_invoiced")
"""Causes that name what is wrong with the logs, the book or the invoice; the others are usual."""

Verdict = Literal["agrees", "explain", "disagrees", "no logs"]
CAUSES: Mapping[str, str] = {
    "tax": "Tax",
    "credit": "Credits",
    "commitment": "Commitments bought",
    "adjustment": "Adjustments",
    "not_logged": "Models not in the logs",
    "unpriced": "Usage without a price",
    "not_invoiced": "Models not on the invoice",
    "rounding": "Rounding",
}
"""Causes in the order they are taken, and how pages name them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedModel:
    """What one model's logged usage of a month costs by the price book."""

    provider: str
    month: str
    model: str
    contract_pico: int
    """Of the priced requests."""
    requests: int
    unpriced_requests: int = 0
    """Without a full price: in no sum, or only in part."""
    assumed_requests: int = 0
    """Priced at a tier the book does not know, or at an unknown cache lifetime."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BilledLine:
    """One charge of an invoice."""

    provider: str
    month: str
    kind: str
    billed_pico: int
    model: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelGap:
    """One model on both sides."""

    model: str
    logged_pico: int
    billed_pico: int
    requests: int
    unpriced_requests: int

    @property
    def gap_pico(self) -> int:
        """Billed less logged."""
        return self.billed_pico - self.logged_pico


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """One provider's month: logged + causes + unexplained = billed."""

    provider: str
    month: str
    logged_pico: int
    billed_pico: int
    causes_pico: Mapping[str, int]
    """By name of `CAUSES`; those of nothing are left out."""
    unexplained_pico: int
    requests: int
    unpriced_requests: int
    assumed_requests: int
    lines: int
    models: tuple[ModelGap, ...] = field(default=())

    @property
    def gap_pico(self) -> int:
        """Billed less logged."""
        return self.billed_pico - self.logged_pico

    @property
    def unexplained_share(self) -> float | None:
        """Unexplained over billed, without its sign; None where nothing was billed."""
        return abs(self.unexplained_pico / self.billed_pico) if self.billed_pico else None

    @property
    def findings_pico(self) -> int:
        """What causes that someone has to act on come to, without their signs."""
        return sum(abs(self.causes_pico.get(name, 0)) for name in FINDINGS)

    def verdict(self, tolerance: float = TOLERANCE) -> Verdict:
        """Judge a month.

        It agrees while the rest and what someone has to act on stay within the tolerance; it
        disagrees from 5 % of unexplained rest on; between the two it is to be explained.
        """
        if not self.requests:
            return "no logs"
        share = self.unexplained_share
        if share is None or share > max(WARNING, tolerance):
            return "disagrees" if self.gap_pico else "agrees"
        to_explain = (abs(self.unexplained_pico) + self.findings_pico) / abs(self.billed_pico)
        return "agrees" if to_explain <= tolerance else "explain"


def reconcile(
    *, logged: Iterable[LoggedModel], billed: Iterable[BilledLine]
) -> tuple[Reconciled, ...]:
    """Compare every provider's month that was invoiced with what its logs cost.

        billed - logged = tax + credits + commitments + adjustments + models not in the logs
                          + usage without a price - models not on the invoice + rounding + rest

    Charges that are no usage are causes of their own. A model that only the invoice names was
    not logged; one whose requests have no price explains all the invoice says of it; one that
    only the logs name was not invoiced, which can be said only where every charge for usage
    names its model. Rounding takes at most half a cent a line, and only where every line is
    whole cents.

    Parameters
    ----------
    logged
        By provider, month and model; models named as the invoice's are after both were resolved.
    billed
        Charges, in pico-USD.

    Returns
    -------
    tuple of Reconciled
        By month, the latest first, then by provider.
    """
    by_key: dict[tuple[str, str], tuple[list[LoggedModel], list[BilledLine]]] = {}
    for line in billed:
        by_key.setdefault((line.month, line.provider), ([], []))[1].append(line)
    for one in logged:
        if (one.month, one.provider) in by_key:
            by_key[one.month, one.provider][0].append(one)
    ordered = sorted(by_key.items(), key=lambda item: item[0][1])
    ordered.sort(key=lambda item: item[0][0], reverse=True)
    return tuple(_one(month, provider, *sides) for (month, provider), sides in ordered)


def _one(
    month: str, provider: str, logged: Sequence[LoggedModel], billed: Sequence[BilledLine]
) -> Reconciled:
    usage = [line for line in billed if line.kind == "usage"]
    models = _models(logged, usage)
    causes = {
        kind: sum(line.billed_pico for line in billed if line.kind == kind)
        for kind in ("tax", "credit", "commitment", "adjustment")
    }
    causes |= _of_models(models, every_line_named=all(line.model for line in usage))
    logged_pico = sum(one.contract_pico for one in logged)
    billed_pico = sum(line.billed_pico for line in billed)
    rest = billed_pico - logged_pico - sum(causes.values())
    if all(line.billed_pico % CENT_PICO == 0 for line in billed):
        most = len(billed) * CENT_PICO // 2
        causes["rounding"] = max(-most, min(most, rest))
        rest -= causes["rounding"]
    return Reconciled(
        provider=provider, month=month, logged_pico=logged_pico, billed_pico=billed_pico,
        causes_pico={name: causes[name] for name in CAUSES if causes.get(name)},
        unexplained_pico=rest,
        requests=sum(one.requests for one in logged),
        unpriced_requests=sum(one.unpriced_requests for one in logged),
        assumed_requests=sum(one.assumed_requests for one in logged),
        lines=len(billed), models=models,
    )  # fmt: skip


def _models(logged: Sequence[LoggedModel], usage: Sequence[BilledLine]) -> tuple[ModelGap, ...]:
    """Put both sides of each named model together, the largest gap first."""
    names = {one.model for one in logged} | {line.model for line in usage if line.model}
    found = []
    for name in names:
        mine = [one for one in logged if one.model == name]
        found.append(
            ModelGap(
                model=name,
                logged_pico=sum(one.contract_pico for one in mine),
                billed_pico=sum(line.billed_pico for line in usage if line.model == name),
                requests=sum(one.requests for one in mine),
                unpriced_requests=sum(one.unpriced_requests for one in mine),
            )
        )
    return tuple(sorted(found, key=lambda gap: (-abs(gap.gap_pico), gap.model)))


def _of_models(models: Sequence[ModelGap], *, every_line_named: bool) -> dict[str, int]:
    causes = {"not_logged": 0, "unpriced": 0, "not_invoiced": 0}
    for gap in models:
        if not gap.requests:
            causes["not_logged"] += gap.billed_pico
        elif gap.unpriced_requests == gap.requests:
            causes["unpriced"] += gap.gap_pico
        elif not gap.billed_pico and every_line_named:
            causes["not_invoiced"] -= gap.logged_pico
    return causes
