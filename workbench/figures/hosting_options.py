"""How hosting options stand beside each other: the spread of their cost and where it comes from."""

import math
from collections.abc import Mapping, Sequence

from workbench.figures import theme
from workbench.figures.cards import Cell, Table
from workbench.models.hosting.decision import Judged, Verdict
from workbench.models.hosting.where import Candidate


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
        foot="Another model is another quality: it is not judged here. Set-up, downtime and lock-in "
        "are not in these figures; workbench model hosting --inputs takes them",
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
