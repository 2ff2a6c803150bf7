"""Worked examples of workbench.models.unit_economics."""

from workbench.models.unit_economics import TicketRates, ticket_costs


def cost_per_resolved_ticket(inputs: dict) -> dict:
    found = ticket_costs(
        TicketRates(
            tickets=inputs["tickets"],
            model_usd_per_attempt=inputs["model_cost_per_attempt"],
            tool_usd_per_attempt=inputs["tool_cost_per_attempt"],
            retry_rate=inputs["retry_rate"],
            platform_fixed_usd=inputs["platform_fixed"],
            ai_resolution_rate=inputs["ai_resolution_rate"],
            reopen_rate=inputs["reopen_rate_of_ai_resolved"],
            human_usd_per_ticket=inputs["human_cost_per_ticket"],
            handoff_usd_per_ticket=inputs["handoff_cost"],
            qa_sample_rate=inputs["qa_sample_rate"],
            qa_usd_per_sample=inputs["qa_cost"],
        )
    )
    costs = found.costs
    return {
        "cost_per_resolved_ticket": costs.fully_loaded_usd,
        "all_human_baseline": costs.all_human_usd,
        "saving_ratio": costs.saving_ratio,
        "naive_ai_cost_per_gross_resolution": costs.naive_usd,
        "loaded_ai_cost_per_net_resolution": costs.loaded_ai_usd,
        "escalation_share_of_cost": costs.human_share,
        "breakeven_resolution_rate": found.breakeven_resolution_rate,
        "dcost_per_1pp_resolution": found.usd_per_1pp_resolution,
    }


ADAPTERS = {"cost_per_resolved_ticket": cost_per_resolved_ticket}
