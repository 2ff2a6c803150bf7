"""The envelope of a register, worked out once for pages, commands and the workbook."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from workbench.models.envelope.base_case import BaseCase, base_case
from workbench.models.envelope.leaves import Measured
from workbench.models.envelope.paths import PATHS, Draws, Singles, draw
from workbench.models.envelope.redraw import EnvelopeState
from workbench.models.envelope.risk import (
    BudgetRisk,
    Envelope,
    budget_risk,
    contingency_usd,
    summarise,
)
from workbench.models.envelope.sensitivity import (
    Stress,
    StressResult,
    Swing,
    stress_tests,
    tornado,
)
from workbench.models.envelope.tree import CostTree
from workbench.playbook.assumptions.register import Register

CONFIDENCES = (0.7, 0.8, 0.9)
PRICE_RISE = Stress(name="all prices +25 %", all_prices=1.25)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvelopeReport:
    """Everything an envelope says; `state` redraws it as sliders move."""

    tree: CostTree
    draws: Draws
    state: EnvelopeState
    costs: Singles
    """USD, [months, paths]."""
    case: BaseCase
    envelope: Envelope
    risk: BudgetRisk
    contingencies_usd: dict[float, float]
    """By confidence: what must be added to the budget of the span."""
    swings: list[Swing]
    stresses: list[StressResult]
    budget_usd: tuple[float, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the figures as plain data for JSON; paths and state are left out."""
        return {
            "months": list(self.envelope.months),
            "seed": self.draws.seed,
            "paths": int(self.costs.shape[1]),
            "base_case_usd": list(self.case.by_month),
            "budget_usd": list(self.budget_usd),
            "by_month": [asdict(spread) for spread in self.envelope.by_month],
            "metered_by_month": [
                asdict(spread)
                for spread in summarise(self.state.metered(), months=self.envelope.months).by_month
            ],
            "cumulative": [asdict(spread) for spread in self.envelope.cumulative],
            "by_year": {year: asdict(spread) for year, spread in self.envelope.by_year.items()},
            "total": asdict(self.envelope.total),
            "risk": asdict(self.risk),
            "contingency_usd": {
                f"{confidence:g}": usd for confidence, usd in self.contingencies_usd.items()
            },
            "tornado": [asdict(swing) for swing in self.swings],
            "stress": [asdict(result) for result in self.stresses],
        }


def envelope_report(
    register: Register,
    *,
    measured: Mapping[str, Measured] | None = None,
    correlations: Mapping[str, float] | None = None,
    stresses: tuple[Stress, ...] = (),
    paths: int = PATHS,
) -> EnvelopeReport:
    """Draw a register's envelope and read off everything at once.

    Parameters
    ----------
    register
        The base, or what `with_scenarios` made of it; its seed makes scenarios share draws.
    measured
        Leaves from the logs by driver, in place of what the register judges.
    correlations
        Measured correlations by the name of their entry, likewise.
    stresses
        Shocks to test beside the register's own; a rise of all prices and, where there are
        shares, each of them at 0 are always tested.
    paths
        A power of two.
    """
    tree, months = register.cost_tree(measured, correlations), register.month_names
    draws = draw(tree, seed=register.seed, paths=paths)
    state = EnvelopeState(tree, draws)
    costs = state.costs()
    budget = register.budget_by_month
    total_budget = float(np.sum(budget))
    return EnvelopeReport(
        tree=tree,
        draws=draws,
        state=state,
        costs=costs,
        case=base_case(tree),
        envelope=summarise(costs, months=months),
        risk=budget_risk(costs, budget_usd=budget, months=months),
        contingencies_usd={
            confidence: contingency_usd(costs, budget_usd=total_budget, confidence=confidence)
            for confidence in CONFIDENCES
        },
        swings=tornado(tree),
        stresses=stress_tests(
            tree,
            draws,
            (PRICE_RISE, *_shares_at_nothing(register), *register.shocks(), *stresses),
            months=months,
            budget_usd=total_budget,
        ),
        budget_usd=budget,
    )


def _shares_at_nothing(register: Register) -> list[Stress]:
    return [
        Stress(name=f"{name} at 0", share_values={name: 0.0})
        for name, entry in register.drivers.items()
        if entry.share
    ]
