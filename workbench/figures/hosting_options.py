"""How hosting options stand beside each other: the spread of their cost and where it comes from."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from workbench.figures import theme
from workbench.figures.cards import Cell, Table
from workbench.models.hosting.decision import Judged, Verdict, p_cheaper
from workbench.models.hosting.where import Candidate
from workbench.units import HOURS_PER_MONTH


def options_table(
    candidates: Sequence[Candidate],
    verdict: Verdict,
    *,
    cheapest: Mapping[str, float],
    off_by: float | None,
    months: int,
) -> Table:
    """List the options with the spread of their cost, and where each figure comes from."""
    divisor, letter = theme.scale_of(
        max(max((each.quantile(0.9) for each in verdict.judged), default=1.0), 1.0)
    )
    by_name = {each.option.name: each for each in verdict.judged}
    rows = [
        _row(one, by_name[one.option.name], verdict, cheapest, divisor, off_by)
        for one in candidates
    ]
    return Table(
        title=f"{len(rows)} options on the same {_draws(verdict)} demand draws",
        subtitle=f"Net present cost over {months} months, $"
        f"{letter} · P(cheapest) among those within the owner's limits",
        columns=("Option", "NPV P50", "P10–P90", "P(cheapest)", "p95 TTFT, s", "Residency", "Live in", "Basis"),
        text_columns=("Option", "Residency", "Live in", "Basis"),
        rows=tuple(rows),
        foot="Another model is another quality: it is not judged here. Downtime is in at the "
        "owner's price; leaving, caution and P(A cheaper than B) are in Details",
    )  # fmt: skip


def tolerance_table(verdict: Verdict, *, months: int) -> Table:
    """List what the owner's tolerance weighs of each option, and how often it beats the chosen."""
    by_name = {each.option.name: each for each in verdict.judged}
    chosen = by_name.get(verdict.chosen or "")
    return Table(
        title=verdict.why.rstrip("."),
        subtitle=f"Net present cost over {months} months with downtime; judged is the mean, moved to P90 by "
        "caution, with the weighed cost of leaving · P(cheaper) against the chosen, on the same draws",
        columns=("Option", "mean", "P90", "down, h a month", "downtime", "leaving", "judged",
                 "P(cheaper)", "limits"),
        text_columns=("Option", "limits"),
        rows=tuple(_weighed_row(each, chosen) for each in verdict.judged),
        foot="Uptime as promised where that is confirmed, else 99.5 % assumed; own replicas 98 % each, "
        "assumed. Credits are claimed, worth little, and not counted",
    )  # fmt: skip


def _weighed_row(each: Judged, chosen: Judged | None) -> tuple[str | Cell, ...]:
    option = each.option
    same = chosen is None or each is chosen
    return (
        option.name,
        theme.money(float(each.npv_usd.mean())),
        theme.money(each.quantile(0.9)),
        theme.number((1 - option.availability) * HOURS_PER_MONTH, digits=1),
        theme.money(each.outage_usd),
        theme.money(option.exit_usd),
        theme.money(each.judged_usd),
        "–" if same or chosen is None else theme.percent(p_cheaper(each, chosen)),
        Cell(text="; ".join(each.excluded), tone="bad") if each.excluded else "allowed",
    )


def own_capacity_table(months: Sequence[Mapping[str, Any]]) -> Table:
    """List where the bill of own accelerators went: to tokens, unused, rounding."""
    idle = sum(float(one["unused_usd"]) for one in months)
    bill = sum(float(one["bill_usd"]) for one in months) or 1.0
    return Table(
        title=f"{theme.percent(idle / bill)} of the own accelerators' bill stood unused",
        subtitle="Own capacity as declared: bill = allocated + unused + rounding, to the pico-USD",
        columns=("Month", "Provider", "Model", "bill", "allocated", "unused", "unused share",
                 "weighted Mtok", "busy hours"),
        text_columns=("Month", "Provider", "Model"),
        rows=tuple(
            (
                str(one["month"]), str(one["provider"]), str(one["model"]),
                *(theme.money(float(one[f"{n}_usd"])) for n in ("bill", "allocated", "unused")),
                theme.percent(one["unused_share"]), theme.number(one["weighted_mtok"]),
                f"{one['busy_hours']:,} of {one['hours']:,}",
            )
            for one in months
        ),
        foot="Measured usage, declared price; workbench prices capacity",
    )  # fmt: skip


def _draws(verdict: Verdict) -> str:
    return f"{len(verdict.judged[0].npv_usd):,}" if verdict.judged else "0"


def _row(
    one: Candidate, judged: Judged, verdict: Verdict, cheapest: Mapping[str, float],
    divisor: float, off_by: float | None,
) -> tuple[str | Cell, ...]:  # fmt: skip
    option = one.option
    low, middle, high = (judged.quantile(level) / divisor for level in (0.1, 0.5, 0.9))
    digits = theme.digits_for(high)
    if judged.excluded:
        basis = Cell(text="excluded", tag=True, tone="bad")
    elif one.basis == "modelled" and off_by is not None:
        basis = Cell(text=f"modelled ± {theme.percent(off_by)}", tag=True)
    else:
        basis = Cell(text=one.basis, tag=True)
    home = one.note or ", ".join(sorted(option.regions)) or "not stated"
    weeks = option.weeks_to_live
    chosen = " ✓" if option.name == verdict.chosen else ""
    share = cheapest.get(option.name)
    return (
        option.name + chosen,
        theme.number(middle, digits=digits),
        f"{theme.number(low, digits=digits)}–{theme.number(high, digits=digits)}",
        "–" if share is None else theme.percent(share),
        theme.number(option.ttft_p95_s) if math.isfinite(option.ttft_p95_s) else "–",
        Cell(text="; ".join(judged.excluded), tone="bad") if judged.excluded else home,
        "today" if weeks == 0 else f"{theme.number(weeks, digits=0)} weeks",
        basis,
    )
