"""The details of the hosting page: what the owner weighs, shocks, the node's year, the map."""

from widgets.hosting_data import Reading
from widgets.hosting_weigh import Weighed
from workbench.figures import charts, theme
from workbench.figures import hosting as figures
from workbench.figures.caption import Caption
from workbench.figures.cards import Chart, Table
from workbench.figures.hosting_options import own_capacity_table, placement_table, tolerance_table
from workbench.figures.theme import money, percent
from workbench.models.hosting.cost import (
    capital_share,
    owned_usd_per_gpu_hour,
    owned_usd_per_year,
)
from workbench.models.hosting.drivers import Swing, owned_swings, price_changes, rented_swings
from workbench.models.hosting.where import Ask


def details_of(reading: Reading, ask: Ask, found: Weighed) -> tuple[Chart | Table, ...]:
    """Return the cards under Details."""
    limits = ask.tolerance
    cards: list[Chart | Table] = [
        tolerance_table(found.verdict, months=ask.months),
        placement_table(limits.rules, limits.classes, found.verdict.judged),
    ]
    by_kind = {
        one.kind: next(j for j in found.verdict.judged if j.option.name == one.option.name)
        for one in found.candidates
    }
    study, growth = found.study, reading.feature.growth
    if study is not None and "own" in by_kind:
        judged = by_kind["own"]
        swings = rented_swings(judged, study, found.demand, ask.tolerance, growth=growth)
        cards.append(_tornado(float(judged.npv_usd.mean()), swings, "rented fleet", ask))
    if study is not None and "owned" in by_kind and reading.node is not None:
        judged = by_kind["owned"]
        swings = owned_swings(
            judged, study, found.demand, ask.tolerance, growth=growth,
            capital_share=capital_share(reading.node),
            rented_usd_per_replica_hour=study.gpus_per_replica * ask.usd_per_gpu_hour,
        )  # fmt: skip
        # drawn around own nodes that are bridged by rent, from which every shock starts
        cards.append(_tornado(swings[0].low_usd, swings, "own nodes", ask))
        cards.append(_waterfall(reading))
    cards.append(_distribution(found, ask))
    cards.append(figures.option_map(
        Caption(
            title="Cost against waiting, with where the data is: hollow may not be chosen",
            subtitle="Mean net present cost, {unit}, and p95 time to first token; options without a "
            "measured or modelled first token are left out", span="full",
        ),
        verdict=found.verdict,
    ))  # fmt: skip
    if reading.own_capacity:
        cards.append(own_capacity_table(reading.own_capacity))
    return tuple(cards)


def _tornado(base_usd: float, swings: list[Swing], what: str, ask: Ask) -> Chart:
    widest = max(swings, key=lambda one: abs(one.high_usd - one.low_usd))
    said = "; ".join(f"{name.lower()} moves its price {percent(by, digits=1)}"
                     for name, by in price_changes())  # fmt: skip
    foot = "Scenarios assumed: rental × 2, lead time 78 weeks, bridged by rent"
    return figures.shock_tornado(
        Caption(
            title=f"{widest.name} moves the cost of the {what} most",
            subtitle=f"Mean net present cost over {ask.months} months, {{unit}}",
            foot=foot + (f"; of an accelerator, {said}" if what == "own nodes" else ""),
        ),
        base_usd=base_usd,
        results=[(s.name, s.low_usd, s.high_usd, *_ends(s, base=base_usd)) for s in swings],
    )


def _ends(swing: Swing, *, base: float) -> tuple[str, str]:
    """Return what stands at the bar's ends; nothing where an end is the base itself."""
    near = 0.005 * abs(base)
    if abs(swing.high_usd - swing.low_usd) < near:
        return "", f"{swing.high_at}: little"
    return (
        "" if abs(swing.low_usd - base) < near else swing.low_at,
        "" if abs(swing.high_usd - base) < near else swing.high_at,
    )


def _waterfall(reading: Reading) -> Chart:
    assert reading.node is not None
    return figures.tco_waterfall(
        Caption(
            title=f"An own accelerator costs {money(owned_usd_per_gpu_hour(reading.node))} an available hour",
            subtitle="A year of one colocated 8 × H100 node, {unit}",
            foot="Secondary figures of data/reference/tco_parameters, unverified; replace by offers. "
            "No 800G fabric: parallelism stays inside the node",
        ),
        usd_per_year=owned_usd_per_year(reading.node),
    )  # fmt: skip


def _distribution(found: Weighed, ask: Ask) -> Chart:
    by_name = {each.option.name: each for each in found.verdict.judged}
    shown = by_name.get(found.verdict.chosen or "") or found.verdict.judged[0]
    return charts.s_curve(
        Caption(
            title=f"{theme.plain(shown.option.name)}: {money(shown.quantile(0.1))} to "
            f"{money(shown.quantile(0.9))} in four of five draws",
            subtitle=f"Share of {len(shown.npv_usd):,} demand draws at or below a net present cost "
            f"over {ask.months} months, {{unit}}",
            foot="Growth drawn around its trend; the same draws for every option",
        ),
        values=shown.npv_usd.tolist(),
    )
