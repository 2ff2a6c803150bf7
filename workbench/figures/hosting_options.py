"""How hosting options stand beside each other: the spread of their cost and where it comes from."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from workbench.figures import theme
from workbench.figures.cards import Cell, Table
from workbench.models.hosting.decision import Judged, Verdict, p_cheaper
from workbench.models.hosting.placement import CONFIRMED, WORDS, PlacementRule, refusals, words_of
from workbench.models.hosting.where import Candidate
from workbench.models.offers import OpenOffer
from workbench.units import HOURS_PER_MONTH


def options_table(
    candidates: Sequence[Candidate],
    verdict: Verdict,
    *,
    cheapest: Mapping[str, float],
    off_by: float | None,
    months: int,
    unpriced: Sequence[OpenOffer] = (),
) -> Table:
    """List the options with the spread of their cost, and where each figure comes from.

    `unpriced` are offers with a term nobody publishes: listed with what is missing, no cost.
    """
    divisor, letter = theme.scale_of(
        max(max((each.quantile(0.9) for each in verdict.judged), default=1.0), 1.0)
    )
    by_name = {each.option.name: each for each in verdict.judged}
    rows = [
        _row(one, by_name[one.option.name], verdict, cheapest, divisor, off_by)
        for one in candidates
    ]
    return Table(
        title=_options_title(verdict, cheapest, len(rows)),
        subtitle=f"Net present cost over {months} months, $"
        f"{letter} · P(cheapest) among those within the owner's limits",
        columns=("Option", "NPV P50", "P10–P90", "P(cheapest)", "p95 TTFT, s", "Residency", "Live in", "Basis"),
        text_columns=("Option", "Residency", "Live in", "Basis"),
        rows=(*rows, *_open_rows(unpriced)),
        foot="Another model is another quality: it is not judged here. Downtime is in at the "
        "owner's price; leaving, caution and P(A cheaper than B) are in Details",
    )  # fmt: skip


def _options_title(verdict: Verdict, cheapest: Mapping[str, float], count: int) -> str:
    """Say which option is most often the cheapest of those within the owner's limits."""
    allowed = {each.option.name for each in verdict.judged if not each.excluded}
    first = max(allowed & set(cheapest), key=lambda name: cheapest[name], default=None)
    if first is None:
        return f"None of {count} options is within the owner's limits"
    share = theme.percent(cheapest[first])
    return f"{first} is cheapest on {share} of {_draws(verdict)} demand draws"


def _open_rows(offers: Sequence[OpenOffer]) -> list[tuple[str | Cell, ...]]:
    """Return a line for each kind of offer: its terms lack the same, so they share one."""
    terms: dict[tuple[str, str, str], int] = {}
    for one in offers:
        key = one.name.split(",")[0], one.model, one.words
        terms[key] = terms.get(key, 0) + 1
    return [
        (
            f"Provisioned: {kind}, {model}{f', {count} terms' if count > 1 else ''}",
            "–", "–", "–", "–", Cell(text=words, tone="bad"), "–", Cell(text="not sized", tag=True),
        )
        for (kind, model, words), count in terms.items()
    ]  # fmt: skip


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


def placement_table(
    rules: Sequence[PlacementRule], data_classes: Sequence[str], judged: Sequence[Judged]
) -> Table:
    """List where each class of data may be processed, by which rule, and what that excludes."""
    barred = [each for each in judged if refusals(each.option.all_places, data_classes, rules)]
    title = (
        f"The rules on data classes exclude {len(barred)} of {len(judged)} options"
        if rules
        else "No rule on file says where a class of data may be processed"
    )
    return Table(
        title=title,
        subtitle="Hard limits, one line a rule; a rule without source or date, or not confirmed, allows "
        "own machines only, and so does a class without a rule beside classes that have one",
        columns=("Data class", "of prompts", "may be processed", "regions", "rule", "source", "decided on",
                 "confidence", "options it excludes"),
        text_columns=("Data class", "may be processed", "regions", "rule", "source", "decided on",
                      "confidence", "options it excludes"),
        rows=tuple(_placement_row(each, rules, judged) for each in _lines(rules, data_classes)),
        foot="From data_placement of the feature's dossier, or as chosen on this page",
    )  # fmt: skip


def _lines(rules: Sequence[PlacementRule], data_classes: Sequence[str]) -> list[PlacementRule]:
    """Return a line for every rule, and one for every class that has none."""
    named = {rule.data_class for rule in rules}
    missing = [
        PlacementRule(data_class=each, processing="self_hosted", confidence="no rule")
        for each in data_classes
        if each not in named
    ]
    return [*rules, *missing]


def _placement_row(
    line: PlacementRule, rules: Sequence[PlacementRule], judged: Sequence[Judged]
) -> tuple[str | Cell, ...]:
    sure = line.confidence == CONFIRMED
    excluded = [
        each.option.name for each in judged
        if refusals(each.option.all_places, [line.data_class], rules)
    ]  # fmt: skip
    free = not rules
    return (
        line.data_class,
        "all" if line.share is None else theme.percent(line.share),
        "wherever the regions allow" if free else WORDS[line.allows],
        ", ".join(line.regions) or "as the feature",
        line.rule or "–",
        line.source or "–",
        line.decided_on or "–",
        line.confidence if sure else Cell(text=line.confidence, tone="neutral" if free else "bad"),
        Cell(text="; ".join(excluded), tone="bad") if excluded else "none",
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
    home = one.note or words_of(option.regions) or "not stated"
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
