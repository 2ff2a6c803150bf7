"""What other questions put on the overview: outlook, bridge, unit costs, exposure, readiness."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workbench.figures import theme
from workbench.figures.bridges import waterfall
from workbench.figures.caption import Caption
from workbench.figures.cards import Chart, Link, Tile
from workbench.figures.charts import Series, fan
from workbench.figures.grids import Panel, small_multiples
from workbench.figures.unit_economics import beside_ai


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """An envelope's total in USD, and what it says of its budget."""

    name: str
    months: Sequence[str]
    total_usd: Mapping[str, float]
    """p10, p50 and p90 of all months."""
    breach_share: float
    budget_usd: Sequence[float] = ()
    """By month; empty where none was set."""
    likely_breach: str = ""
    """YYYY-MM, the first month by whose end the budget is more likely broken than not."""
    widest: str = ""
    """The input whose P10 to P90 moves the total most."""
    by_month: Sequence[Mapping[str, float]] = ()
    history_usd: Mapping[str, float] | None = None
    """By month: what was metered and the fixed lines of the register."""
    fixed_usd: float = 0.0
    """A month, of what is not metered, such as fees and people."""
    held: str = "uncalibrated: no locked envelope yet"


def answer(outlook: Outlook) -> str:
    """Return the sentence a leader asked for: where it lands, against what, how sure, and why."""
    told = f"{outlook.name} lands at {theme.money(outlook.total_usd['p50'])} by {theme.month_name(outlook.months[-1])}"
    budget = sum(outlook.budget_usd)
    if budget:
        over = outlook.total_usd["p50"] - budget
        told += f", {_short(abs(over))} {'over' if over > 0 else 'under'} budget"
    told += f"; the chance of a breach is {theme.percent(outlook.breach_share)}"
    if outlook.likely_breach:
        told += f", likely from {theme.month_name(outlook.likely_breach)}"
    if outlook.widest:
        told += f"; the widest driver is “{outlook.widest}”"
    return told + "."


def outlook_tile(outlook: Outlook) -> Tile:
    """Return what is still to come: P50, its band, chance of a breach."""
    total = outlook.total_usd
    value, unit = theme.money_parts(total["p50"])
    low, high = (theme.number(theme.in_scale(total[p], total["p50"])) for p in ("p10", "p90"))
    likely = outlook.breach_share >= 0.5
    return Tile(
        label=f"Outlook to {theme.month_name(outlook.months[-1])}, P50", value=value, unit=unit,
        delta=f"{'▲' if likely else '●'} {theme.percent(outlook.breach_share)} chance over budget",
        tone="bad" if likely else "neutral", foot=f"P10–P90 {low}–{high}",
        spark=tuple(spread["p50"] for spread in outlook.by_month), why=Link(page="envelope"),
    )  # fmt: skip


def ready_tile(reached: Mapping[str, int | None], *, last_stage: int, as_of: str) -> Tile:
    """Return how many features have passed every stage, and how far the others have come.

    `reached` is the last stage a feature has passed with all before it; None is none.
    """
    ready = [name for name, stage in reached.items() if stage == last_stage]
    under_way = sum(stage is not None and stage < last_stage for stage in reached.values())
    waiting = len(reached) - len(ready) - under_way
    parts = [
        f"{count} {words}"
        for count, words in ((under_way, "under way"), (waiting, "not begun")) if count
    ]  # fmt: skip
    every = bool(reached) and len(ready) == len(reached)
    return Tile(
        label="Ready for production", value=f"{len(ready)}/{len(reached)}", unit="features",
        delta="● every stage passed" if every else f"▼ {', '.join(parts)}",
        tone="good" if every else "bad" if not ready else "neutral", foot=as_of,
        why=Link(page="readiness"),
    )  # fmt: skip


def provider_tile(spend_usd: Mapping[str, float], *, days: int, drilled_on: str) -> Tile:
    """Return how much of the spend one provider holds, and when leaving was last rehearsed."""
    name, largest = max(spend_usd.items(), key=lambda item: item[1])
    return Tile(
        label="With one provider", value=theme.percent(largest / sum(spend_usd.values())).removesuffix(" %"),
        unit="%", delta=f"● {name}, exit drill {drilled_on}" if drilled_on else f"▼ {name}, exit never rehearsed",
        tone="neutral" if drilled_on else "bad", foot=f"of spend, {days} days", why=Link(page="provider_exit"),
    )  # fmt: skip


def outlook_fan(outlook: Outlook) -> Chart:
    """Draw the months that were, and those to come as P50 in its band beside the budget."""
    history = outlook.history_usd or {}
    earlier = [month for month in sorted(history) if month < outlook.months[0]]
    gap: list[float | None] = [None] * len(earlier)
    title = f"Months to come cost {theme.money(outlook.total_usd['p50'])} at the median"
    budget = sum(outlook.budget_usd)
    if budget:
        title += f" against a budget of {theme.money(budget)}"
    if outlook.likely_breach:
        title += f"; it is likely broken by {theme.month_name(outlook.likely_breach)}"
    caption = Caption(
        title=title, subtitle=f"Cost a month, {_of_what(outlook)}{{unit}} · actual solid, P50 dashed in its P10–P90 band, budget dotted",
        span="wide", foot=outlook.held[:1].upper() + outlook.held[1:], why=Link(text="envelope", page="envelope"),
    )  # fmt: skip
    return fan(
        caption, x=[*earlier, *outlook.months],
        p10=[*gap, *(spread["p10"] for spread in outlook.by_month)],
        p50=[*gap, *(spread["p50"] for spread in outlook.by_month)],
        p90=[*gap, *(spread["p90"] for spread in outlook.by_month)],
        actual=[history.get(month) for month in (*earlier, *outlook.months)],
        plan=[*gap, *outlook.budget_usd] if outlook.budget_usd else (),
    )  # fmt: skip


def _of_what(outlook: Outlook) -> str:
    """Say why a month costs more here than its usage, where it does."""
    if not outlook.fixed_usd:
        return ""
    return f"usage and {_short(outlook.fixed_usd)} fixed, "


def bridge(
    legs: Sequence[tuple[str, float]], *, start: tuple[str, float], end: tuple[str, float]
) -> Chart:
    """Draw why the month cost what it did beside the one before."""
    title = f"{theme.month_name(end[0])} cost as much as the month before"
    moved = [(name, usd) for name, usd in legs if usd]
    if moved:
        ordered = sorted(moved, key=lambda leg: -abs(leg[1]))
        title = " and ".join(
            f"{name.lower()} {'added' if usd > 0 else 'saved'} {_short(abs(usd))}"
            for name, usd in ordered[:2]
        )
        title = title[:1].upper() + title[1:]
    caption = Caption(
        title=title, subtitle=f"Cost bridge, {theme.month_name(start[0])} to {theme.month_name(end[0])}, all environments, {{unit}}",
        span="narrow", foot="Legs add up exactly; nothing unexplained", why=Link(text="variance", page="variance"),
    )  # fmt: skip
    opens = ["pvm/before", *(f"pvm/{name.lower()}" for name, _ in moved), "pvm/after"]
    return waterfall(caption, start=start, legs=moved, end=end, opens=opens)


def unit_costs(
    months: Sequence[str],
    costs: Sequence[tuple[str, Sequence[float | None], Sequence[float | None]]],
) -> Chart:
    """Draw what one unit of value costs by product: people counted, and the AI side alone."""
    title = "What one unit of value costs"
    known = [(name, full[-1], ai[-1]) for name, full, ai in costs if full and full[-1] is not None]
    if known:
        name, full_usd, ai_usd = known[0]
        title = f"One {name} costs {theme.money(full_usd)}"
        if ai_usd is not None and ai_usd != full_usd:
            title += beside_ai(full_usd, ai_usd)
    caption = Caption(
        title=title, subtitle="Per unit of value, {unit} · strong: fully loaded, pale: AI side · each from zero on its own scale",
        span="wide", foot="Measured; unpriced requests are in no sum",
        why=Link(text="unit economics", page="unit_economics"),
    )  # fmt: skip
    panels = [
        Panel(
            title=name.capitalize(),
            series=(
                *((Series(name="AI side", y=ai, look="previous"),) if any(map(_differ, full, ai)) else ()),
                Series(name="fully loaded", y=full),
            ),
        )
        for name, full, ai in costs
    ]  # fmt: skip
    return small_multiples(caption, x=list(months), panels=panels, own_scale=True)


def _short(usd: float) -> str:
    """Write a sum for the leading sentence: whole dollars from a hundred up."""
    return f"${theme.number(usd)}" if 100 <= usd < 1_000 else theme.money(usd)


def _differ(one: Any, other: Any) -> bool:  # noqa: ANN401 - a cost or None
    return one is not None and other is not None and abs(one - other) > 0.02 * abs(one)
