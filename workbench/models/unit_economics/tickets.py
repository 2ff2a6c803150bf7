"""What a resolved ticket costs when AI tries first and people take the rest, from rates.

All tickets enter AI; reopened tickets go to a person; people resolve everything they get.
"""

from dataclasses import dataclass

from workbench.models.unit_economics.counted import (
    HumanWork,
    PeriodCounts,
    UnitCosts,
    unit_costs,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketRates:
    """A period's tickets and the rates at which they end. Money in US dollars."""

    tickets: float
    model_usd_per_attempt: float
    tool_usd_per_attempt: float
    retry_rate: float
    """Further attempts per ticket: 0.15 means 1.15 attempts on average."""
    platform_fixed_usd: float
    ai_resolution_rate: float
    """Share of the tickets that AI resolves, those reopened later included."""
    reopen_rate: float
    """Share of the AI resolutions that come back."""
    human_usd_per_ticket: float
    handoff_usd_per_ticket: float
    qa_sample_rate: float
    """Share of the AI resolutions that are reviewed."""
    qa_usd_per_sample: float

    def __post_init__(self) -> None:
        if not self.tickets > 0:
            raise ValueError(f"tickets must be above 0, got {self.tickets}")
        for name in ("ai_resolution_rate", "reopen_rate", "qa_sample_rate"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be in [0, 1], got {getattr(self, name)}")
        if not self.retry_rate >= 0:
            raise ValueError(f"retry_rate must not be negative, got {self.retry_rate}")

    @property
    def ai_variable_usd(self) -> float:
        """Models and tools of all attempts."""
        per_attempt = self.model_usd_per_attempt + self.tool_usd_per_attempt
        return self.tickets * per_attempt * (1 + self.retry_rate)


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketCosts:
    """The four costs of a ticket, and how they hang on the resolution rate."""

    costs: UnitCosts
    usd_per_1pp_resolution: float
    """Change of the fully loaded cost when one ticket in a hundred more is resolved by AI."""
    breakeven_resolution_rate: float | None
    """Where the fully loaded cost equals the all-human one; None if no rate in [0, 1] does."""


def period_of(rates: TicketRates) -> PeriodCounts:
    """Return the counts a period with exactly these rates would have."""
    gross = rates.tickets * rates.ai_resolution_rate
    return PeriodCounts(
        usage_usd=rates.tickets * rates.model_usd_per_attempt * (1 + rates.retry_rate),
        tool_usd=rates.tickets * rates.tool_usd_per_attempt * (1 + rates.retry_rate),
        platform_usd=rates.platform_fixed_usd,
        requests=rates.tickets * (1 + rates.retry_rate),
        resolved_gross=gross,
        reopened=gross * rates.reopen_rate,
        escalated=rates.tickets - gross,
        human=HumanWork(
            usd_per_case=rates.human_usd_per_ticket,
            handoff_usd_per_case=rates.handoff_usd_per_ticket,
            qa_samples=gross * rates.qa_sample_rate,
            qa_usd_per_sample=rates.qa_usd_per_sample,
        ),
    )


def ticket_costs(rates: TicketRates) -> TicketCosts:
    """Return the costs of a ticket and the resolution rate at which AI starts to pay.

    The fully loaded cost is a straight line in the resolution rate r:

        unit(r) = (ai_variable + fixed) / tickets + h - r * ((1 - reopen) * h - qa)
        h = human + handoff,  qa = qa_sample_rate * qa_usd_per_sample

    so one percentage point is worth a hundredth of its slope, and the break-even solves
    unit(r) = human.
    """
    handed_over = rates.human_usd_per_ticket + rates.handoff_usd_per_ticket
    slope = rates.qa_sample_rate * rates.qa_usd_per_sample - (1 - rates.reopen_rate) * handed_over
    ai_usd_per_ticket = (rates.ai_variable_usd + rates.platform_fixed_usd) / rates.tickets
    at_zero = ai_usd_per_ticket + handed_over
    breakeven = (rates.human_usd_per_ticket - at_zero) / slope if slope else None
    reachable = breakeven is not None and 0 <= breakeven <= 1
    return TicketCosts(
        costs=unit_costs(period_of(rates)),
        usd_per_1pp_resolution=slope / 100,
        breakeven_resolution_rate=breakeven if reachable else None,
    )
