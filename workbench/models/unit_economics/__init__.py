"""What one unit of value costs: naive, loaded, fully loaded and marginal; measured and what-if.

`tickets` starts from rates, `counted` from what a period's logs and outcomes hold, `repricing`
re-prices the period (`volumes`) with other rates, `movement` says where it moves, `opened` what a
cost is made of.
"""

from workbench.models.unit_economics.counted import (
    HumanWork,
    PeriodCounts,
    UnitCosts,
    cost_per,
    cost_per_each,
    unit_costs,
)
from workbench.models.unit_economics.movement import cost_table, daily_trend, top_movers
from workbench.models.unit_economics.opened import CostPart, OpenedCost, open_cost
from workbench.models.unit_economics.repricing import (
    ModelShift,
    WhatIf,
    WhatIfResult,
    what_if,
)
from workbench.models.unit_economics.tickets import TicketCosts, TicketRates, ticket_costs
from workbench.models.unit_economics.volumes import PricedVolumes, priced_volumes

__all__ = [
    "CostPart",
    "HumanWork",
    "ModelShift",
    "OpenedCost",
    "PeriodCounts",
    "PricedVolumes",
    "TicketCosts",
    "TicketRates",
    "UnitCosts",
    "WhatIf",
    "WhatIfResult",
    "cost_per",
    "cost_per_each",
    "cost_table",
    "daily_trend",
    "open_cost",
    "priced_volumes",
    "ticket_costs",
    "top_movers",
    "unit_costs",
    "what_if",
]
